"""The scenes of a site's cameras: trained, exported and verified, by workers."""
