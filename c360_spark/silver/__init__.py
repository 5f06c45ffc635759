"""Bronze records → canonical, checked records. Pure functions; the contract says what every property means."""
