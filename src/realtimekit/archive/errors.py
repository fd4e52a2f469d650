"""The errors of an archive."""

from __future__ import annotations

from realtimekit.errors import RealtimeKitError


class ArchiveError(RealtimeKitError):
    """The archive cannot be opened, read or written: it belongs to another app, the storage refuses, ...

    Nothing was changed. The message names the target and the cure, and never a storage key.
    """


class ArchiveChangedError(ArchiveError):
    """Another process has changed an object since it was read: what was about to be written is not."""


class ArchiveDamagedError(ArchiveError):
    """An object of the archive is missing or is not what was written: `realtimekit archive verify` lists all."""
