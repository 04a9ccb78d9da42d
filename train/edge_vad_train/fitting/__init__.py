"""What is fitted to footage, in the order of work: background, scale, encoders, mixtures, rates."""
