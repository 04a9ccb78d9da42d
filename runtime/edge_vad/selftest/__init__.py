"""Runs every backend of this machine on one small scene, and compares them."""
