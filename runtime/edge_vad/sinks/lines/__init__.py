"""Files of JSON lines: events, scores and steps of drift."""
