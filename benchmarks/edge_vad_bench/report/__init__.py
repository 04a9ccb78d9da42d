"""From a report's JSON to its page, its Markdown and its summary on the terminal."""
