"""One part at a time, with Spark."""
