"""Work in bulk: many jobs, by the processes of this machine or by a Ray cluster."""
