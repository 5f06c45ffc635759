"""Landing: lists delivered files, assigns each to a dataset, and reads its records."""
