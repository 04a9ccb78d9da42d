"""Where the camera stands, outlines, surfaces, and how they get into the picture."""
