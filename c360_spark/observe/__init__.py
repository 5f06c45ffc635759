"""Figures on the quality of a run, and reports for reading. Pure functions."""
