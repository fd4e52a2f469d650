"""Which sessions there are, and the proof that none was overlooked."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from realtimekit import RealtimeKit
from realtimekit.archive import Archive, layout
from realtimekit.archive.ledger import Window
from realtimekit.interfaces import Request, Response

from .worlds import DAY, HOUR, World, below

EMPTY: dict[str, Any] = {"success": True, "data": {"sessions": []}, "paging": {"total_count": 0}}


def proven(world: World) -> list[tuple[datetime, datetime]]:
    """Return the proven times, and check that there is no gap between them."""
    windows = [window for window in world.archive.ledger.windows() if window.proven]
    assert all(after.start == before.end for before, after in itertools.pairwise(windows))
    return [(window.start, window.end) for window in windows]


def now(world: World) -> datetime:
    return datetime.fromisoformat(world.emulator.now())


class Interference:
    """A transport that does something before it sends certain requests."""

    def __init__(self, world: World, act: Callable[[str, int], object]) -> None:
        self._inner, self._act, self._count = world.transport, act, 0

    def send(self, request: Request) -> Response:
        if request.url.partition("?")[0].endswith("/sessions"):
            self._count += 1
            self._act(request.url, self._count)
        return self._inner.send(request)


def interfering(world: World, act: Callable[[str, int], object]) -> RealtimeKit:
    return world.client_with(transport=Interference(world, act))


def test_an_empty_app_has_nothing_to_prove(world: World) -> None:
    for _ in range(2):
        result, requests = world.requests_of()
        assert (result.ok, result.found, result.window, requests) == (True, 0, None, ["/sessions"])
        world.wait(DAY)
    assert world.archive.ledger.identity() is not None


def test_windows_follow_one_another_without_a_gap(world: World) -> None:
    began = now(world)
    for _ in range(3):
        world.hold()
        world.wait(HOUR)
        assert world.sync().ok
    times = proven(world)
    assert len(times) == 3
    assert began <= times[0][0]
    assert times[-1][1] <= now(world) - timedelta(minutes=15)


def test_a_window_ends_where_sessions_can_no_longer_appear(world: World) -> None:
    world.hold()
    world.wait(500)  # with the session: a minute less than the quarter of an hour
    assert world.sync().window is None  # too short to be worth a request
    world.wait(HOUR)
    window = world.sync().window
    assert window is not None
    assert timedelta(minutes=15) <= window.read_at - window.end < timedelta(minutes=16)


def test_a_live_session_is_carried_forward_although_its_window_is_proven(world: World) -> None:
    held = world.start("Alice", transcribe_on_end=True)
    world.wait(3 * HOUR)
    for _ in range(2):
        result, requests = world.requests_of()
        assert (result.live, result.ok, result.completed) == (1, True, 0)
        assert below(requests, held.session_id) == [f"/sessions/{held.session_id}"]
        assert list(world.archive.manifests()) == []
        world.wait(3 * HOUR)
    assert len(proven(world)) == 2
    world.emulator.end(held.meeting_id)
    world.wait(2 * HOUR)
    result = world.sync()
    assert (result.live, result.completed) == (0, 1)
    assert world.states(held.session_id)["transcript"] == "COPIED"


def test_a_session_that_ends_and_one_that_begins_while_the_window_closes(world: World) -> None:
    """Between the last page and the count another session appears: the tail is read again, and the proof stands."""
    held = world.start("Alice")
    world.wait(2 * HOUR)
    begun = list[str]()

    def act(_: str, number: int) -> None:
        if number == 2:  # the count
            world.emulator.end(held.meeting_id)
        if number in {2, 3, 4}:
            begun.append(world.start("Bob").session_id)

    result = world.archive.sync(interfering(world, act))
    assert result.ok
    assert result.window is not None
    assert (result.window.proven, result.window.count_before) == (True, 1)
    assert result.window.count_after == result.window.found == 4
    assert result.found == 4
    assert {entry.session_id for entry in world.archive.ledger.open_sessions()} >= set(begun)


def test_sessions_that_begin_faster_than_they_can_be_counted_leave_the_window_open(world: World) -> None:
    world.start("Alice")
    world.wait(2 * HOUR)
    result = world.archive.sync(interfering(world, lambda *_: world.start("Bob")))
    assert result.window is not None
    assert not result.window.proven
    assert not result.ok
    assert proven(world) == []
    assert world.sync().ok
    assert len(proven(world)) == 1


def test_a_session_that_is_listed_an_hour_late_is_found(world: World) -> None:
    first = world.hold()
    world.wait(50 * 60)
    late = world.hold()
    world.wait(HOUR)
    listed = world.client.sessions.find(first.session_id).to_dict()
    one = {"success": True, "data": {"sessions": [listed]}, "paging": {"total_count": 1, "end_offset": 1}}
    world.fail("/sessions", status=200, body=one)
    assert world.sync().found == 1
    assert len(proven(world)) == 1  # by all that could be seen
    world.emulator.clear_faults()
    world.wait(HOUR)
    result = world.sync()
    assert result.found == 1
    assert world.states(late.session_id)["chat"] == "COPIED"


@pytest.mark.parametrize(
    ("paging", "counted"), [({"total_count": 2}, "2 before"), ({"total_count": 0}, "0 before"), ({}, "None before")]
)
def test_counts_that_do_not_match_leave_the_window_unproven(world: World, paging: Any, counted: str) -> None:
    held = world.hold()
    world.wait(2 * HOUR)
    body = {"success": True, "data": {"sessions": [world.client.sessions.find(held.session_id).to_dict()]}}
    if paging:
        body["paging"] = paging
    world.fail("/sessions", status=200, body=body)
    result = world.sync()
    assert not result.ok
    assert result.window is not None
    assert not result.window.proven
    assert any("are not proven: 1 were read" in line and counted in line for line in result.failures)
    assert world.states(held.session_id)["chat"] == "COPIED"  # copied all the same
    assert world.archive.ledger.proven_until() is None
    world.wait(HOUR)
    assert not world.sync().ok
    world.emulator.clear_faults()
    assert world.sync().ok
    assert [window.proven for window in world.archive.ledger.windows()] == [True]


def test_many_pages(world: World) -> None:
    meeting_id = world.meeting()
    for _ in range(5):
        held = world.start("Alice", meeting_id=meeting_id)
        world.emulator.end(held.meeting_id)
    sessions = [session.to_dict() for session in world.client.sessions]
    copies = [{**session, "id": f"s{number}"} for number in range(50) for session in sessions[:1]] + sessions
    assert len(copies) == 55
    world.wait(2 * HOUR)

    class Pages:
        """Ten sessions a page, whatever is asked for."""

        def send(self, request: Request) -> Response:
            inner: Response = world.transport.send(request)
            if "/sessions?" not in request.url:
                return inner
            import json
            from urllib.parse import parse_qs, urlsplit

            page = int(parse_qs(urlsplit(request.url).query)["page_no"][0])
            items = copies[10 * page - 10 : 10 * page]
            position = {"total_count": 55, "start_offset": 10 * page - 9, "end_offset": 10 * page - 10 + len(items)}
            body = {"success": True, "data": {"sessions": items}, "paging": position}
            return Response(200, inner.headers, json.dumps(body).encode())

    result = world.archive.sync(world.client_with(transport=Pages()))
    assert result.found == 55
    assert result.window is not None
    assert (result.window.proven, result.window.found) == (True, 55)


def test_since_and_until(world: World) -> None:
    old = world.hold()
    world.wait(DAY)
    since = now(world)
    kept = world.hold()
    world.wait(2 * HOUR)
    until = now(world)
    world.wait(HOUR)
    later = world.hold()
    world.wait(HOUR)
    result = world.sync(since=since, until=until)
    assert result.ok
    assert [manifest.session_id for manifest in world.archive.manifests()] == [kept.session_id]
    (times,) = proven(world)
    assert times == (since, until.replace(microsecond=0))
    assert world.sync(until=until).ok  # nothing more
    assert world.sync().ok
    assert {manifest.session_id for manifest in world.archive.manifests()} == {kept.session_id, later.session_id}
    assert old.session_id not in {manifest.session_id for manifest in world.archive.manifests()}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"since": datetime(2026, 1, 1)}, "since=.* has no time zone"),
        ({"until": datetime(2026, 1, 1)}, "until=.* has no time zone"),
        ({"since": datetime(2026, 1, 2, tzinfo=UTC), "until": datetime(2026, 1, 1, tzinfo=UTC)}, "is not before until"),
        ({"concurrency": 0}, "concurrency=0"),
    ],
)
def test_impossible_options(world: World, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        world.sync(**options)
    assert world.log() == []
    assert world.archive.store.is_empty()


def test_the_clock_of_this_machine_does_not_matter(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's `Date` counts; this machine is years off in either direction, or changes its mind."""
    import realtimekit.archive.clock

    held = world.hold()
    for year in (1999, 2077):

        class Skewed(datetime):
            @classmethod
            def now(cls, tz: Any = None, year: int = year) -> Any:
                return datetime(year, 1, 1, tzinfo=tz)

        monkeypatch.setattr(realtimekit.archive.clock, "datetime", Skewed)
        world.wait(2 * HOUR)
        result = world.sync()
        assert result.ok
        assert result.window is not None
        assert result.window.proven
        assert result.window.read_at.year == now(world).year
    monkeypatch.undo()
    assert len(proven(world)) == 2
    assert world.manifest(held.session_id).saved_at.year == now(world).year
    assert below(world.requests(), held.session_id).count(f"/sessions/{held.session_id}") == 1


# --- breakout rooms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [True, False])
def test_breakout_rooms_are_copied_like_sessions(world: World, *, times: bool) -> None:
    """A room may be described without its times, and need not be in the list of sessions."""
    parent = world.hold()
    room = world.hold()
    world.wait(2 * HOUR)
    listed = world.client.sessions.find(parent.session_id).to_dict()
    described = world.client.sessions.find(room.session_id).to_dict() if times else {"id": room.session_id}
    one = {"success": True, "data": {"sessions": [listed]}, "paging": {"total_count": 1, "end_offset": 1}}
    whole = {"success": True, "data": {**listed, "breakout_rooms": [described, {}, "nonsense", {"id": None}]}}
    world.fail("/sessions", status=200, body=one)
    world.fail(f"/sessions/{parent.session_id}", status=200, body=whole)
    world.fail(f"/{parent.session_id}/chat", status=500, times=1)  # so that the parent is looked at again
    result = world.sync()
    assert (result.found, result.checked) == (2, 2)
    assert world.states(room.session_id)["chat"] == "COPIED"
    day = layout.day_of(world.manifest(room.session_id).started_at)
    assert world.archive.store.folders(layout.RAW + f"/app={world.emulator.app_id}") == [
        f"raw/app={world.emulator.app_id}/day={day}"
    ]
    world.wait(2 * HOUR)
    result, requests = world.requests_of()
    assert result.ok
    assert world.states(parent.session_id)["chat"] == "COPIED"
    assert len(below(requests, room.session_id)) <= 1  # nothing of the room is copied twice
    assert world.manifest(room.session_id).revision == 1 or not times
    world.wait(2 * HOUR)
    assert not below(world.requests_of()[1], room.session_id)


def test_a_window_says_what_it_knows(world: World) -> None:
    world.hold()
    world.wait(2 * HOUR)
    window = world.sync().window
    assert window is not None
    assert Window.from_dict(window.to_dict()).path == window.path
    assert (window.count_before, window.count_after, window.found) == (1, 1, 1)


def test_archive_of_another_app_sends_nothing(world: World) -> None:
    world.hold()
    world.sync()
    other = world.client_with(app_id="another-app")
    before = len(world.log())
    from realtimekit.archive.errors import ArchiveError

    with pytest.raises(ArchiveError, match="is the archive of app"):
        world.archive.sync(other)
    assert len(world.log()) == before
    assert isinstance(world.archive, Archive)
