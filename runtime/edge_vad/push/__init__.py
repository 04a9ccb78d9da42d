"""Scenes that are rolled out to machines: signed, sent, stored, tried, and taken back."""
