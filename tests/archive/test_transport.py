"""An archive as a transport: it answers like the API, long after the platform has forgotten."""

from __future__ import annotations

import asyncio
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from realtimekit import (
    APIError,
    ArtifactExpiredError,
    ArtifactNotEnabledError,
    AsyncRealtimeKit,
    NotFoundError,
    RealtimeKit,
)
from realtimekit.archive import Archive, layout
from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.privacy.retention import expire
from realtimekit.emulator import Emulator
from realtimekit.errors import ReadOnlyError

from .rich_world import Rich, attempt, differences, make_rich, plain, reads
from .worlds import DAY, HOUR, World


class Kept:
    """A rich world that the platform has forgotten, what it answered before, and its archive."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.world = World(emulator, folder)
        self.rich: Rich = make_rich(self.world)
        self.before: dict[str, Any] = {n: attempt(read) for n, read in reads(self.world.client, self.rich).items()}
        assert self.world.sync().ok
        self.world.wait(200 * DAY)
        self.archive = Archive(folder)
        self.client = RealtimeKit(transport=self.archive.transport())


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with Emulator() as emulator:
        yield Kept(emulator, tmp_path_factory.mktemp("archive"))


def test_every_read_is_answered_as_the_api_did(kept: Kept) -> None:
    after = {name: attempt(read) for name, read in reads(kept.client, kept.rich).items()}
    assert len(after) > 150
    assert differences(kept.before, after) == {}
    with pytest.raises(APIError):  # the platform has forgotten
        kept.world.client.sessions.find(kept.rich.weekly.session_id).summary.read()


def test_an_async_client_reads_the_same(kept: Kept) -> None:
    session_id = kept.rich.weekly.session_id

    async def read() -> dict[str, Any]:
        async with AsyncRealtimeKit(transport=kept.archive.transport()) as client:
            session = await client.sessions.find(session_id)
            content = io.BytesIO()
            (recording,) = [r async for r in client.recordings.where(meeting_id=kept.rich.weekly.meeting_id)]
            await recording.download(content)
            return {
                "sessions": await client.sessions.where().all(),
                f"{session_id} participants {{'include_peer_events': True}}": await session.participants.where(
                    include_peer_events=True
                ).all(),
                f"{session_id} chat": await (await session.chat).messages(),
                f"{session_id} transcript": await (await session.transcript).segments(),
                f"{session_id} summary": await (await session.summary).read(),
                f"{session_id} quality": await session.quality(),
                f"{session_id} livestream sessions": await session.livestream_sessions(),
                f"recording {recording.id} content": content.getvalue(),
            }

    found = asyncio.run(read())
    assert {name: plain(value) for name, value in found.items()} == {name: kept.before[name] for name in found}


def test_many_threads_and_tasks_read_at_once(kept: Kept) -> None:
    async def read() -> set[int]:
        async with AsyncRealtimeKit(transport=kept.archive.transport()) as client:
            sessions = [client.sessions.find(session_id) for session_id in kept.rich.sessions * 20]
            return {len(await session.participants.where().all()) for session in await asyncio.gather(*sessions)}

    assert asyncio.run(read()) == {1, 3}


def test_no_write_is_possible(kept: Kept) -> None:
    session = kept.client.sessions.find(kept.rich.weekly.session_id)
    before = {entry.path: entry.size for entry in kept.archive.store.entries("")}
    for write in (
        lambda: kept.client.meetings.create(title="New"),
        lambda: kept.client.meetings.find(kept.rich.weekly.meeting_id).update(title="New"),
        lambda: kept.client.meetings.find(kept.rich.weekly.meeting_id).end(),
        lambda: kept.client.recordings.create(meeting_id=kept.rich.weekly.meeting_id),
        session.generate_summary,
        lambda: kept.client.webhooks.create(name="x", url="https://example.com", events=["meeting.ended"]),
    ):
        with pytest.raises(ReadOnlyError, match="an archive cannot be changed"):
            write()
    assert {entry.path: entry.size for entry in kept.archive.store.entries("")} == before


def test_what_an_archive_does_not_keep_is_a_404_that_says_so(kept: Kept) -> None:
    for read in (
        lambda: kept.client.webhooks.where().all(),
        lambda: kept.client.presets.where().all(),
        lambda: kept.client.apps.where().all(),
        lambda: kept.client.livestreams.where().all(),
        lambda: kept.client.analytics.daywise(start_date="2026-01-01", end_date="2026-02-01"),
        lambda: kept.client.recordings.active_for(kept.rich.weekly.meeting_id),
        lambda: kept.client.meetings.find(kept.rich.weekly.meeting_id).active_session,
    ):
        with pytest.raises(NotFoundError, match=r"archive"):
            read()
    other = RealtimeKit(transport=kept.archive.transport(), app_id="another-app")
    with pytest.raises(NotFoundError, match=f"the archive of app {kept.world.emulator.app_id} alone"):
        other.sessions.where().all()


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"participants": "some"}, "range such as 1:10"),
        ({"page_no": "-1"}, "whole number"),
        ({"per_page": "1e9"}, "whole number"),
    ],
)
def test_a_filter_that_makes_no_sense_is_a_400(kept: Kept, query: dict[str, str], problem: str) -> None:
    with pytest.raises(APIError, match=problem) as caught:
        kept.client.sessions.where(extra_query=query).all()
    assert caught.value.status == 400


def test_no_path_leads_out_of_the_raw_files(kept: Kept) -> None:
    (kept.archive.store._folder.parent / "secret").write_text("secret")  # type: ignore[union-attr]
    transport = kept.archive.transport()
    for path in (
        "archive.json", "tables/current.json", "raw/../archive.json", "raw/%2e%2e/archive.json", "../secret",
        "raw/..%2F..%2Fsecret", "raw/./../archive.json", "/etc/passwd", "raw//etc/passwd", "raw", "", "raw/%00",
    ):  # fmt: skip
        request = _get(f"http://archive.localhost/files/{path}")
        assert transport.send(request).status == 404, path


def _get(url: str) -> Any:
    from realtimekit.interfaces import Request

    return Request("GET", url, {}, None, 5.0)


def test_a_missing_artifact_says_why_in_the_same_class_as_the_api_did(world: World) -> None:
    plain_one = world.hold(transcribe_on_end=False, summarize_on_end=False)
    world.wait(HOUR)
    assert world.sync().ok
    world.fail("/summary", status=404)
    lost = world.hold()
    for _ in range(16):
        world.wait(DAY / 2)
        world.sync()
    world.wait(1000 * DAY)
    client = RealtimeKit(transport=world.archive.transport())
    with pytest.raises(ArtifactNotEnabledError, match="NOT_ENABLED: the settings of the meeting do not ask for it"):
        _ = client.sessions.find(plain_one.session_id).transcript
    with pytest.raises(ArtifactExpiredError, match="LOST: the meeting asks for it, but it did not appear by"):
        _ = client.sessions.find(lost.session_id).summary


def test_what_the_archive_deleted_itself_is_not_called_late(world: World) -> None:
    held = world.hold()
    world.wait(HOUR)
    assert world.sync().ok
    archive, later = world.archive, datetime.now(UTC) + timedelta(days=100)
    expire(archive.store, archive.ledger, timedelta(days=90), ["session", "meeting"], later)
    with pytest.raises(NotFoundError, match=r"chat: EXPIRED: it was deleted from the archive$") as caught:
        _ = RealtimeKit(transport=world.archive.transport()).sessions.find(held.session_id).chat
    assert type(caught.value) is NotFoundError
    assert "try again" not in str(caught.value)


def test_a_large_recording_is_read_in_little_memory_in_the_archives_own_pieces(kept: Kept, tmp_path: Path) -> None:
    recording = kept.client.recordings.find(
        next(r.id for r in kept.client.recordings.where(meeting_id=kept.rich.weekly.meeting_id))
    )
    link = str(recording.download_url)
    file = kept.archive.store.location(layout.RAW + link.partition("/files/raw")[2].replace("%3D", "="))
    assert file is not None
    whole = Path(file).read_bytes()
    block = bytes(range(256)) * 4096
    try:
        with Path(file).open("wb") as large:
            large.writelines(block for _ in range(100))
        tracemalloc.start()
        recording.download(tmp_path / "copy.mp4")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (tmp_path / "copy.mp4").stat().st_size == 100 * len(block)
        assert peak < 8 * 2**20
    finally:
        Path(file).write_bytes(whole)


def test_an_interrupted_download_goes_on(kept: Kept) -> None:
    """Somebody else's program may ask for a part of a file."""
    from realtimekit.interfaces import Request

    recording = next(iter(kept.client.recordings.where(meeting_id=kept.rich.weekly.meeting_id)))
    transport = kept.archive.transport()
    whole = transport.send(_get(str(recording.download_url)))
    size = len(whole.content)
    for value, content in (
        ("bytes=10-19", whole.content[10:20]),
        (f"bytes={size - 5}-", whole.content[-5:]),
        ("bytes=-7", whole.content[-7:]),
        (f"bytes=0-{size * 2}", whole.content),
    ):
        part = transport.send(Request("GET", str(recording.download_url), {"Range": value}, None, 5.0))
        start = whole.content.index(content)
        assert (part.status, part.content) == (206, content)
        assert part.headers["content-range"] == f"bytes {start}-{start + len(content) - 1}/{size}"
    for value in (f"bytes={size}-", f"bytes={size + 9}-{size + 20}", "bytes=-0"):
        assert transport.send(Request("GET", str(recording.download_url), {"range": value}, None, 5.0)).status == 416
    for value in ("bytes=5-2", "items=1-2", "bytes=1-2,4-5", "bytes=a-b"):  # ignored, as RFC 9110 has it
        response = transport.send(Request("GET", str(recording.download_url), {"range": value}, None, 5.0))
        assert (response.status, response.content) == (200, whole.content)


def test_a_transport_sees_what_a_later_sync_adds(world: World) -> None:
    world.hold()
    world.wait(HOUR)
    world.sync()
    client = RealtimeKit(transport=world.archive.transport())
    assert client.sessions.count() == 1
    world.hold()
    world.wait(HOUR)
    world.sync()
    assert client.sessions.count() == 2


def test_there_must_be_an_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="there is no archive at"):
        Archive(tmp_path).transport()
