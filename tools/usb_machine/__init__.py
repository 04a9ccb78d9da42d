"""A machine in QEMU with a simulated USB camera."""
