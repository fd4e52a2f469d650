"""Archives: every session kept, with all that it left behind, before the platform deletes it."""

from realtimekit.archive.archive import Archive
from realtimekit.archive.errors import ArchiveChangedError, ArchiveDamagedError, ArchiveError

__all__ = ["Archive", "ArchiveChangedError", "ArchiveDamagedError", "ArchiveError"]
