"""Files → bronze."""
