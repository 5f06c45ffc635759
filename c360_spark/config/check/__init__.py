"""What one file of conf/ says about another."""
