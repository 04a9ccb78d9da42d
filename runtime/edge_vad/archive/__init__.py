"""Scores archives: many recordings of a camera, clip by clip, joined into one table."""
