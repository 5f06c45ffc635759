"""The stages in their order, and what runs them: jobs, the chain, a replay, a reprocess."""
