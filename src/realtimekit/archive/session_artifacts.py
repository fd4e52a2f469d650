"""The artifacts of a session while it is copied: what becomes of each, and until when it is checked again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from realtimekit.archive.compression import compressed
from realtimekit.archive.errors import ArchiveDamagedError
from realtimekit.archive.live_transcripts import (
    LIVE_TRANSCRIPT,
    SOURCE,
    Segments,
    merge_segments,
    read_staged,
)
from realtimekit.archive.manifest import read_artifact
from realtimekit.archive.privacy.people import erase_from
from realtimekit.archive.privacy.tombstones import Tombstones
from realtimekit.archive.reader import Reader
from realtimekit.archive.session_files import Link
from realtimekit.archive.store import Store
from realtimekit.artifacts.resumable_download import ResumableDownload, download_file
from realtimekit.errors import (
    APIConnectionError,
    APIError,
    ArtifactNotReadyError,
    AuthenticationError,
    PermissionDeniedError,
    RateLimitError,
)
from realtimekit.flow import Flow
from realtimekit.saving.manifest import RETENTION, Manifest, SavedArtifact, State
from realtimekit.saving.store import digest
from realtimekit.values import parse_timestamp

SETTLED = timedelta(hours=1)  # what is not there an hour after the end is not being made right now

# If the API says so, it concerns all sessions: the sync ends, and the next one continues where it stopped.
FATAL = (AuthenticationError, PermissionDeniedError, RateLimitError)


def is_fatal(error: BaseException) -> bool:
    """Whether the API refuses everything. The storage of one file, which is called by its whole URL, does not count."""
    return isinstance(error, FATAL) and not _is_storage(error)


def is_missing(error: APIError | ArtifactNotReadyError) -> bool:
    """Whether an error says that the platform does not have a file, yet or any more."""
    if isinstance(error, ArtifactNotReadyError):
        return True
    return error.status in ({403, 404, 410} if _is_storage(error) else {404, 410})


def _is_storage(error: BaseException) -> bool:
    return "://" in (getattr(error, "path", None) or "")


class SessionArtifacts:
    """The artifacts of one session, as they were in its manifest before, and as they become."""

    def __init__(
        self,
        reader: Reader,
        store: Store,
        tombstones: Tombstones,
        session_id: str,
        before: Manifest | None,
        archive_created_at: datetime | None,
    ) -> None:
        self.reader: Reader = reader
        self.store: Store = store
        self.tombstones: Tombstones = tombstones
        self.session_id: str = session_id
        self.before: Manifest | None = before
        self.artifacts: dict[str, SavedArtifact] = dict(before.artifacts) if before else {}
        self.failures: list[str] = []
        self.obsolete: list[str] = []  # objects to delete when the manifest is written
        self._archive_created_at = archive_created_at  # what the platform deleted before then could never be copied
        self.folder: str = ""  # known when the session was read, as is the next
        self.ended_at: datetime | None = None

    def attempt(self, name: str, flow: Flow[None]) -> Flow[None]:
        """Copy one artifact; an error does not keep the others from being copied."""
        try:
            yield from flow
        except (APIError, APIConnectionError, ValueError) as error:  # ValueError: what was read makes no sense
            if is_fatal(error):
                raise
            self.failures.append(f"{self.session_id}: {name}: {error}")
            if not self.is_done(name):
                deadline = self.deadline(RETENTION)
                before = self.artifacts.get(name)
                self.set_absent(name, deadline, str(error), lost=str(error))
                # Whether the platform has it was not found out.
                checked_at = before and before.checked_at
                self.artifacts[name] = self.artifacts[name]._replace(checked_at=checked_at)

    def is_done(self, name: str) -> bool:
        # A retention rule leaves one artifact for all of a kind.
        if self.is_expired(name.partition("/")[0]):
            return True
        artifact = self.artifacts.get(name)
        return artifact is not None and not artifact.unfinished

    def set_absent(self, name: str, deadline: datetime, reason: str, *, lost: str) -> None:
        """Record that an artifact is not there: PENDING for this reason, or after the deadline gone for the other."""
        if self.now() < deadline:
            self.set(name, State.PENDING, reason=reason, deadline=deadline)
        else:
            self._set_gone(name, deadline, lost)

    def _set_gone(self, name: str, deadline: datetime, reason: str) -> None:
        """Record that an artifact is gone: LOST, or TOO_OLD if that was before the archive was created."""
        if self._archive_created_at is not None and deadline <= self._archive_created_at:
            reason = f"the platform kept it until {deadline:%Y-%m-%d %H:%M} UTC, before this archive was created"
            self.set(name, State.TOO_OLD, reason=reason)
        else:
            self.set(name, State.LOST, reason=reason, deadline=deadline)

    def keep(self, name: str, path: str, content: bytes, *, source: str | None = None, compress: bool = False) -> None:
        if self.tombstones:
            content = erase_from(name, content, self.tombstones, redact=False)
        self.store.put(f"{self.folder}/{path}", compressed(content) if compress else content)
        self.set(name, State.COPIED, path=path, source=source, **digest(content)._asdict())

    def merge_live_transcripts(self, paths: Sequence[str]) -> bool:
        """Copy what listeners heard to the other files. Returns whether anybody spoke.

        Args:
            paths: what no copy has taken yet.
        """
        before, parts = self.artifacts.get(LIVE_TRANSCRIPT), list[Segments]()
        gaps = before.reason.split("; ") if before and before.reason else []
        try:
            parts.append(json.loads(read_artifact(self.store, self.folder, before) or b"[]"))
        except ValueError:  # damaged: it stays, and what is new waits
            self.failures.append(f"{self.session_id}: {LIVE_TRANSCRIPT} is damaged")
            return True
        for path in paths:
            try:
                part = read_staged(self.store, path)
            except ArchiveDamagedError as error:
                self.failures.append(f"{self.session_id}: {error}")
                continue
            if part is not None:
                parts.append(part.segments)
                gaps += part.gaps
                self.obsolete.append(path)
        segments = merge_segments(parts)
        if self.obsolete and segments and not (before is None and self.is_expired("transcript")):
            content = json.dumps(segments, ensure_ascii=False, indent=2).encode("utf-8", "surrogatepass")
            # A name of its own for each content: the manifest of before stays true until the next one is written.
            name = f"live_transcript-{digest(content).sha256[:16]}.json"
            if before is not None and before.path != name:
                self.obsolete.append(f"{self.folder}/{before.path}")
            self.keep(LIVE_TRANSCRIPT, name, content, source=SOURCE)
            reason = "; ".join(dict.fromkeys(gaps)) or None
            self.artifacts[LIVE_TRANSCRIPT] = self.artifacts[LIVE_TRANSCRIPT]._replace(reason=reason)
        return bool(segments)

    def is_expired(self, name: str) -> bool:
        """Whether a retention rule has deleted it: it does not come back."""
        artifact = self.artifacts.get(name)
        return artifact is not None and artifact.state is State.EXPIRED

    def set(self, name: str, state: State, **values: Any) -> None:
        self.artifacts[name] = SavedArtifact(name, state, checked_at=self.now(), **values)

    def set_missing(
        self, name: str, retention: timedelta, *, needed: bool | None, otherwise: State = State.NOT_ENABLED
    ) -> None:
        """Record that the platform has no such artifact: not yet, not at all, or no longer.

        Args:
            name: the artifact.
            retention: how long after the end of the session the platform keeps it.
            needed: whether the settings of the meeting ask for it; None if no setting does, or they are unknown.
            otherwise: what becomes of one that nothing asks for.
        """
        deadline, before = self.deadline(retention), self.artifacts.get(name)
        now, checked_at = self.now(), before and before.checked_at
        ended = self.ended_at or now
        if now < deadline and (now < ended + SETTLED or (needed is not False and now < ended + RETENTION)):
            self.set(
                name,
                State.PENDING,
                reason="the platform does not have it yet",
                deadline=min(deadline, ended + RETENTION),
            )
        elif before is not None and before.state is State.SUSPECT_EMPTY:
            self.artifacts[name] = before._replace(deadline=None, checked_at=now)  # gone, and empty to the last
        elif needed is False and otherwise is State.NOT_ENABLED:
            self.set(name, otherwise, reason="the settings of the meeting do not ask for it")
        elif needed is False and now < deadline:
            self.set(name, otherwise, reason="the platform made none")
        elif checked_at is None or checked_at < ended + SETTLED:
            last = "never" if checked_at is None else f"{checked_at:%Y-%m-%d %H:%M} UTC"
            reason = f"kept for {retention.days} days, until {deadline:%Y-%m-%d %H:%M} UTC; last checked: {last}"
            self._set_gone(name, deadline, reason)
        elif needed:
            self._set_gone(
                name, deadline, f"the meeting asks for it, but it did not appear by {deadline:%Y-%m-%d %H:%M} UTC"
            )
        else:
            self.set(name, State.EMPTY, reason="the platform made none")

    def deadline(self, retention: timedelta) -> datetime:
        return (self.ended_at or self.now()) + retention

    def now(self) -> datetime:
        return self.reader.clock.now()

    def download(self, link: Link, file: Any, max_bytes: int | None) -> Flow[None]:
        """Download a file, to where it can start over."""
        state = ResumableDownload(file, max_bytes=max_bytes)
        yield from download_file(self.reader.settings, link, state)


def time_of(record: dict[str, Any], name: str) -> datetime | None:
    """Return a time of a record; None if there is none that can be read."""
    value = record.get(name)
    try:
        return parse_timestamp(value) if isinstance(value, str) and value else None
    except ValueError:
        return None
