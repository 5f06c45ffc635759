"""Rules for building persons, profiles, gold tables and metrics."""
