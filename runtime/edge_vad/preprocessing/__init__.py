"""What is done to a picture before anything is measured of it."""
