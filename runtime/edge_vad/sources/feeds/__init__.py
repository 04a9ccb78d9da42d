"""Connections to cameras and network streams, by OpenCV or PyAV."""
