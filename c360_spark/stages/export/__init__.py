"""Gold → outboxes and destinations."""
