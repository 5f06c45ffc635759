"""Receivers of dispatches: PostgreSQL, files."""
