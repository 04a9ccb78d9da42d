"""Training: data sets, model, mixture, calibration and evaluation."""
