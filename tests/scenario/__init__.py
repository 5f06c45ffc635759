"""From files to gold and what is sent, with Spark."""
