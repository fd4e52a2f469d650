"""Archives: every session kept, with all that it left behind, before the platform forgets it."""

from realtimekit.archive.archive import Archive

__all__ = ["Archive"]
