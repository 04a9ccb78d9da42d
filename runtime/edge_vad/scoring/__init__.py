"""From frames to scores, of a recording or of a batch of cameras."""
