"""Data contracts, the arrival of datasets, and the shared vocabulary of events and reference lists."""
