"""The page that shows live cameras and stored events in a browser."""
