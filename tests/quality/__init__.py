"""Call quality: the report, its summary, its findings, and the quality of a whole session."""
