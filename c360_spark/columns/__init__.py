"""Column → Column: keys and normalisers."""
