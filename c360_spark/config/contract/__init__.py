"""What sources promise: contracts and how their datasets arrive."""
