"""Finds the cameras that this machine has, and where it is asked to, those of its network."""
