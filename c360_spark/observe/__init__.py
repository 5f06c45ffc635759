"""How well a run did, as figures. Pure functions."""
