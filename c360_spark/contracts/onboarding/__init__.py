"""Onboarding: infers a draft contract from a sample of a new source. Pure functions without a JVM or file access."""
