"""Stage 11: executes a target's object code by what its .td says of the instructions."""
