"""What identifies the device that runs a scene model."""
