"""Bronze records → canonical, checked records. Pure functions; the contract defines every property."""
