"""Settings of activation: consent purposes, audiences and destinations."""
