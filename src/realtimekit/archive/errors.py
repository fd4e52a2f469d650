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


def no_archive(target: object) -> ArchiveError:
    """Return the error about a target that holds no archive."""
    return ArchiveError(f"there is no archive at {target}: `realtimekit archive sync {target}` creates one")


def missing_object(path: str) -> ArchiveDamagedError:
    """Return the error about an object that is gone."""
    return ArchiveDamagedError(f"{path} is missing: `realtimekit archive verify` lists what is damaged")
