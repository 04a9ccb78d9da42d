"""The precision of a scene model's graph: FP16 or INT8 in its encoders."""
