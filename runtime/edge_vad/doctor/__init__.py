"""What this machine has and lacks for edge-vad, and how to mend it."""
