"""Reads YAML files into frozen values with line numbers, and writes them back with their comments."""
