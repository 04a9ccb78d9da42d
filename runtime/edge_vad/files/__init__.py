"""Files and folders: written whole, read within bounds, owned by one process."""
