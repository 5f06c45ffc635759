"""Files of the landing folder: what is there, whose each is, and how its records are read."""
