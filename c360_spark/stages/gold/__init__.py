"""Persons → gold."""
