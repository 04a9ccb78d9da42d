"""Whether one benchmark is slower than another, with confidence intervals."""
