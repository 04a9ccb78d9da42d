"""Anomalies: what is staged, by whom, and when."""
