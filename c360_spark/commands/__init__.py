"""What the commands of `c360` do, beyond running stages: one module for each."""
