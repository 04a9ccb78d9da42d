"""Who and what moves through the street, or is left there."""
