"""Silver → persons."""
