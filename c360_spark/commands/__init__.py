"""What an operator asks for beside the stages: one module for each command."""
