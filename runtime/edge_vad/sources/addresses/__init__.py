"""What a source is called: addresses of cameras and recordings, and their options."""
