"""Which version a changed contract needs."""
