"""The manifests of an archive: the format of saved sessions, with a checksum; earlier ones are read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from realtimekit.archive.errors import ArchiveDamagedError
from realtimekit.archive.manifest import decode, encode
from realtimekit.archive.sealed import seal
from realtimekit.saving.manifest import Manifest, SavedArtifact, State

AT = datetime(2026, 6, 3, 10, tzinfo=UTC)
ARTIFACTS = {
    "chat": SavedArtifact("chat", State.COPIED, "chat.csv", 3, "ab", "https://s/chat.csv", checked_at=AT),
    "summary": SavedArtifact("summary", State.PENDING, deadline=AT, reason="not there yet", checked_at=AT),
}
MANIFEST = Manifest("s", "app", "meeting", "ENDED", AT, AT, AT, ARTIFACTS, "Weekly", 2, 3)
EARLIER: dict[str, Any] = {
    "version": 1,
    "app_id": "app",
    "session_id": "s",
    "meeting_id": "meeting",
    "title": "Weekly",
    "started_at": "2026-06-03T10:00:00.000Z",
    "ended_at": "2026-06-03T10:00:00.000Z",
    "participants": 2,
    "artifacts": [
        {"name": "chat", "state": "COPIED", "file": "chat.csv", "bytes": 3, "sha256": "ab",
         "source": "https://s/chat.csv", "checked_at": "2026-06-03T10:00:00.000Z"},
        {"name": "summary", "state": "PENDING", "deadline": "2026-06-03T10:00:00.000Z", "reason": "not there yet",
         "checked_at": "2026-06-03T10:00:00.000Z"},
    ],
    "revision": 3,
    "written_at": "2026-06-03T10:00:00.000Z",
}  # fmt: skip


def test_it_reads_back_and_is_that_of_a_saved_session() -> None:
    content = encode(MANIFEST)
    assert decode(content, "m") == MANIFEST
    assert Manifest.from_json(content) == MANIFEST


def test_one_of_an_earlier_release() -> None:
    assert decode(seal(EARLIER), "m") == MANIFEST._replace(status=None)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({**MANIFEST.to_dict(), "version": 2}, "m is not a manifest of a session: it has version 2, .*: upgrade"),
        ({**EARLIER, "version": 2}, "upgrade"),
        ({**EARLIER, "artifacts": 1}, "m is not a manifest of a session"),
        ({**MANIFEST.to_dict(), "artifacts": {"chat": {"state": "NEW"}}}, "'NEW' is not a valid State"),
        ({}, "m is not a manifest of a session"),
    ],
)
def test_what_is_none(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ArchiveDamagedError, match=message):
        decode(seal(document), "m")


def test_a_flipped_byte() -> None:
    with pytest.raises(ArchiveDamagedError, match="its checksum is wrong"):
        decode(encode(MANIFEST).replace(b"Weekly", b"Weekla"), "m")
