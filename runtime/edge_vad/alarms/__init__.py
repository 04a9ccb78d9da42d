"""From scores to alarms: thresholds, persistence, events, drift, and where in the frame it is."""
