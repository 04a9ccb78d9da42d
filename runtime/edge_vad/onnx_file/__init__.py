"""Reads, writes and prunes ONNX files without ONNX."""
