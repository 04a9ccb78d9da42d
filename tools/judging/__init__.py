"""What `tools/scenes.py` is made of: scenes, evidence, measuring, tables."""
