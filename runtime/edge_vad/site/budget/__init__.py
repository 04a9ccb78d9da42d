"""A budget of false alarms: one rate for all cameras of a site, or of several boxes, together."""
