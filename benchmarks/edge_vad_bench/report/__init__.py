"""From a report's JSON to pages, a summary on the terminal, and a copy for others."""
