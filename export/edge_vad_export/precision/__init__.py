"""The precision of a scene model's graph: half or whole numbers in its encoders."""
