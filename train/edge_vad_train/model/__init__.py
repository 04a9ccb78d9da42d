"""The network: what it sees of a frame, its encoders, mixtures, energies and their fusion."""
