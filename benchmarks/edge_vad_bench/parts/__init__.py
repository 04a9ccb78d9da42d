"""The parts of a benchmark; each adds its own rows or tables to the report."""
