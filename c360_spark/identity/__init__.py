"""Identifiers → persons: a pure function of the evidence and the rule set."""
