"""The site file: which cameras are watched, and what happens with what they show."""
