"""The stages in order, and what runs them: jobs, the chain, replay and reprocess."""
