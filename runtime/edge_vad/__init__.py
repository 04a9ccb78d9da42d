"""Video anomaly detection for fixed cameras."""
