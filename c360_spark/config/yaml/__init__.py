"""YAML files with places, read into frozen values and written back with their comments."""
