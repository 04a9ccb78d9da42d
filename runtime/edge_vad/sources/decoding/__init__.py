"""From files' and packets' bytes to pictures, damaged ones recognised."""
