"""What stands in the street and falls on it: ground, buildings, trees, lamps, weather."""
