"""Exports without anybody who watches: the scenes of a site, by workers."""
