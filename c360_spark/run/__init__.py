"""What every stage is given: the run, what changed since its last one, the lease of the lake."""
