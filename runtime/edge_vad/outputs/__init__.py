"""What a run leaves behind: annotated video, scores, events and a timeline."""
