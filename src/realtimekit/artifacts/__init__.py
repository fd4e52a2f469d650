"""Download and parse the files of a session: chat, transcript, subtitles and recordings."""
