"""The threads of sinks, so that no sink holds up the live loop."""
