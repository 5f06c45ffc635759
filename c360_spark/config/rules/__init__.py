"""How persons, profiles, events and metrics are made."""
