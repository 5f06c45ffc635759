"""The catalog of contracts as HTML files."""
