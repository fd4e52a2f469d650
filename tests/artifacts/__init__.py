"""What a session leaves behind: files in, values out; downloads."""
