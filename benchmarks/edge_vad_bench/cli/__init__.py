"""The subcommands edge-vad bench, report and compare."""
