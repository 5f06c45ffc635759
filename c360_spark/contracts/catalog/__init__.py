"""The data catalog as static HTML files."""
