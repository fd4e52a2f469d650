"""What is in the files that a session leaves behind: formats in, Python values out."""
