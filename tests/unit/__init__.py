"""What needs no JVM."""
