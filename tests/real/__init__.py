"""Tests on public data of others, which come as packages (extra `real`): onboarded by configuration alone."""
