"""Checks of references and consistency between the files of conf/."""
