"""What every stage receives: the run context, pending changes since its last run, and the lease of the lake."""
