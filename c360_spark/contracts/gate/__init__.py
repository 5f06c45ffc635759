"""The version gate: finds the differences between contracts and the semantic version that they require."""
