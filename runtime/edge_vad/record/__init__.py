"""Recording of footage: from sources to files that play wherever they are cut off."""
