"""Footage on disk: frames at the model's size with their motion, and what is drawn from them."""
