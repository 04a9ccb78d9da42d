"""How well a scene model tells and finds anomalies, beside a baseline that learnt nothing."""
