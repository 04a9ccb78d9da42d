"""Many cameras watched live on one device."""
