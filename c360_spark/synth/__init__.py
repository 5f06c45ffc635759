"""A seeded generator of life-like customer data of eight systems, with ground truth and switchable noise."""
