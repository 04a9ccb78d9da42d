"""The thread of a camera: frames at its own rate, the newest of which is kept."""
