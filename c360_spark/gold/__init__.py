"""Silver and identity → the tables that reporting and activation read. Pure functions."""
