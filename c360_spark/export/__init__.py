"""Audience members → changes to send. Pure functions."""
