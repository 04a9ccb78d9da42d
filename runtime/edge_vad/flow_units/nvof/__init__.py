"""NVIDIA's optical-flow unit (NVOFA) of cards since Turing, through the driver's own library."""
