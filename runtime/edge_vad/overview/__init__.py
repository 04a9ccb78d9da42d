"""One page over many boxes: it asks each of them, and shows what it knows of all."""
