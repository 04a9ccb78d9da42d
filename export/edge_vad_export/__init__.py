"""Export: the graph, its precision and its verification."""
