"""Seeded synthetic data: realistic customer data of eight systems, with ground truth and configurable noise."""
