"""A sample of a new source → a draft of its contract. Pure, and without a JVM: the stage reads and writes the files."""
