"""Bronze → silver."""
