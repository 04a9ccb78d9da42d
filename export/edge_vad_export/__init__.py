"""Export: the fused graph, its precision and its proof."""
