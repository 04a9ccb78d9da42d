"""Calls to other machines, with one deadline for all that happens."""
