"""What a process tells about itself: JSON log lines, metrics, and the redaction both rely on."""
