"""Delivered files → bronze records. Pure functions: the stage reads the files and writes the table."""
