"""Live transcripts: what a listener heard of a session, beside the ledger until the session is copied.

A listener writes what it hears in small documents, each whole or not there at all:

    ledger/live/<session>/<time>_<random>.json

Copying the session puts them together as its artifact `transcript/live`, in the platform's own format.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from realtimekit.archive import layout
from realtimekit.archive.errors import ArchiveDamagedError
from realtimekit.archive.privacy.people import Erased, erase_from, ids_of
from realtimekit.archive.sealed import seal, unseal
from realtimekit.archive.store import Store
from realtimekit.saving.manifest import Manifest, SavedArtifact, State

LIVE_TRANSCRIPT = "transcript/live"  # a retention rule for transcripts covers it, too
SOURCE = "live"

Segments = list[dict[str, Any]]  # as in the platform's JSON


class LivePart(NamedTuple):
    """A part of a live transcript: what a listener heard of one session in a few seconds.

    Attributes:
        session_id: the session.
        day: the UTC date of its start; `layout.NO_DAY` if it is not known.
        segments: what was said.
        gaps: where something may be missing, in words.
    """

    session_id: str
    day: str
    segments: Segments
    gaps: list[str]


# --- before the session is copied -------------------------------------------------------------------------------------


def stage(store: Store, part: LivePart, until: datetime) -> str:
    """Stage a part, and return its path. It survives a loss of power.

    Args:
        store: the archive.
        part: what to keep.
        until: the time of the last of it.
    """
    name = f"{layout.encode_time(until)}_{secrets.token_hex(8)}.json"
    path = f"{layout.LIVE}/{layout.encode_id(part.session_id)}/{name}"
    store.put(path, seal(part._asdict()))
    store.flush(path)
    return path


def staged(store: Store) -> dict[str, list[str]]:
    """Return the paths of everything that no copy has taken yet, by session as paths have it."""
    found: dict[str, list[str]] = {}
    for entry in store.entries(layout.LIVE):
        found.setdefault(entry.path.split("/")[-2], []).append(entry.path)
    return found


def read_staged(store: Store, path: str) -> LivePart | None:
    """Return what was heard; None if a copy has taken it meanwhile.

    Raises:
        ArchiveDamagedError: it is not what was written.
    """
    content = store.read(path)
    return None if content is None else _decode(content, path)


def _decode(content: bytes, path: str) -> LivePart:
    try:
        return LivePart(**unseal(content, path))
    except TypeError:
        raise ArchiveDamagedError(f"{path} is damaged: it is not a live transcript") from None


def merge_segments(parts: Iterable[Segments]) -> Segments:
    """Return what was said, in its order, each once: two listeners, or one that was killed, may have kept it twice."""
    found = {json.dumps(segment, sort_keys=True): segment for part in parts for segment in part}
    return sorted(found.values(), key=lambda segment: segment.get("startTime") or 0)


# --- in its session ---------------------------------------------------------------------------------------------------


def offered_transcript(manifest: Manifest) -> SavedArtifact | None:
    """Return the transcript that readers get: the platform's, or the live one while the archive has none of it."""
    own, live = (manifest.artifacts.get(name) for name in ("transcript", LIVE_TRANSCRIPT))
    if live is not None and live.state is State.COPIED and (own is None or own.path is None):
        return live
    return own


def note_of(manifest: Manifest) -> str | None:
    """Return what readers should know of the transcript that they get; None if it is the platform's."""
    offered = offered_transcript(manifest)
    if offered is None or offered.source != SOURCE:
        return None
    own = manifest.artifacts.get("transcript")
    state = "not there" if own is None else own.state.value
    gaps = f"; events may be missing: {offered.reason}" if offered.reason else ""
    return f"it is what a listener heard live, because the platform's is {state}{gaps}"


# --- people -----------------------------------------------------------------------------------------------------------


def ids_in_staged(store: Store) -> list[set[str]]:
    """Return the ids of each speaker in what no copy has taken yet."""
    return [set(ids_of(segment)) for part in _all(store) for segment in part.segments]


def said_by(store: Store, ids: set[str]) -> dict[str, Segments]:
    """Return what a person said, by session, in what no copy has taken yet."""
    found: dict[str, list[Segments]] = {}
    for part in _all(store):
        if theirs := [segment for segment in part.segments if not ids.isdisjoint(ids_of(segment))]:
            found.setdefault(part.session_id, []).append(theirs)
    return {session_id: merge_segments(parts) for session_id, parts in found.items()}


def erase_staged(store: Store, erased: Erased, *, redact: bool, paths: Iterable[str] | None = None) -> int:
    """Erase people from what no copy has taken yet. Returns how many documents that changed.

    Args:
        store: the archive.
        erased: returns whether an id is to be erased.
        redact: whether placeholders are kept for what they said.
        paths: only these.
    """
    changed = 0
    for path in [path for paths in staged(store).values() for path in paths] if paths is None else paths:

        def without(content: bytes | None, path: str = path) -> bytes | None:
            if content is None:
                return None
            part = _decode(content, path)
            left = erase_segments(part.segments, erased, redact=redact)
            return None if left == part.segments else seal(part._replace(segments=left)._asdict())

        before = store.read(path)
        try:
            changed += store.update(path, without) != before
        except ArchiveDamagedError:
            store.delete([path])  # nobody can tell who is in it
            changed += 1
    return changed


def erase_segments(segments: Segments, erased: Erased, *, redact: bool) -> Segments:
    """Return segments without people who were erased."""
    content = json.dumps(segments).encode()
    left: Segments = json.loads(erase_from("transcript", content, erased, redact=redact))
    return left


def expire_staged(store: Store, before: datetime) -> int:
    """Delete what was heard before a time, and return how many documents that were."""
    last = layout.encode_time(before)
    old = [path for paths in staged(store).values() for path in paths if path.rpartition("/")[2] < last]
    store.delete(old)
    return len(old)


def _all(store: Store) -> Iterable[LivePart]:
    for paths in staged(store).values():
        for path in paths:
            try:
                part = read_staged(store, path)
            except ArchiveDamagedError:
                continue  # `verify` names it
            if part is not None:
                yield part


def time_after(started_at: datetime | None, offset: timedelta, otherwise: datetime) -> datetime:
    """Return the time of something in a session; another if the session has no start."""
    try:
        return otherwise if started_at is None else started_at + offset
    except OverflowError:
        return otherwise
