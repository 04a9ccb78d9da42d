"""Motion inside the graph: DIS optical flow and its pooling, as tensor operations."""
