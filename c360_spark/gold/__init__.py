"""Silver and identity → what reporting and activation read. Pure functions."""
