"""How well scene models detect and localise anomalies, beside baselines that learn nothing."""
