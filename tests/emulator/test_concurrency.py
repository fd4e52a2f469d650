"""Concurrent requests over HTTP: nothing is lost, counted twice or half done."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from realtimekit.emulator import Emulator
from realtimekit.emulator.http import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .world import Who, World

THREADS = 20


def at_once(call: Callable[[int], Any], numbers: Iterable[int] = range(THREADS)) -> list[Any]:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(call, numbers))


def test_no_concurrently_created_meeting_is_lost(world: World) -> None:
    made = at_once(lambda number: world.meeting(title=f"meeting {number}"), range(100))
    assert len(set(made)) == 100
    response = world.get("/meetings", per_page=200)
    assert {meeting["id"] for meeting in response.data} == set(made)
    assert response.json()["paging"]["total_count"] == 100
    assert len({meeting["title"] for meeting in response.data}) == 100


def test_concurrent_joins_open_one_session(world: World) -> None:
    meeting_id = world.meeting()
    people: list[Who] = at_once(lambda number: world.join(meeting_id, f"P{number}"))
    assert len({who.session_id for who in people}) == 1
    assert len({who.peer_id for who in people}) == THREADS
    (session,) = world.get("/sessions").data["sessions"]
    assert (session["live_participants"], session["max_concurrent_participants"]) == (THREADS, THREADS)
    world.advance(60)

    at_once(lambda number: world.write(people[number], f"text {number}"))
    at_once(lambda number: world.say(people[number], f"said {number}", number, number))
    at_once(lambda number: world.control(f"/meetings/{meeting_id}/leave", {"peer_id": people[number].peer_id}))
    session = world.session(people[0].session_id)
    assert session["live_participants"] == 0
    listed = world.get(f"/sessions/{session['id']}/participants", per_page=100).data["participants"]
    assert session["minutes_consumed"] == pytest.approx(sum(peer["duration"] for peer in listed), abs=0.01)
    world.end(meeting_id)
    chat = world.download(world.get(f"/sessions/{session['id']}/chat").data["chat_download_url"]).body.decode()
    assert all(f",text {number}," in chat for number in range(THREADS))
    transcript = world.get(f"/sessions/{session['id']}/transcript", format="JSON").data["transcript_download_url"]
    said = [item["sentence"] for item in world.download(transcript).json()]
    assert said == [f"said {number}" for number in range(THREADS)]


def test_only_one_of_many_succeeds(world: World) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id)
    leaves = at_once(lambda _: world.control(f"/meetings/{meeting_id}/leave", {"peer_id": who.peer_id}).status)
    assert sorted(leaves) == [200] + [409] * (THREADS - 1)
    ends = at_once(lambda _: world.control(f"/meetings/{meeting_id}/end").status)
    assert sorted(ends) == [200] + [404] * (THREADS - 1)
    path = f"/meetings/{meeting_id}/participants/{who.participant_id}"
    deletes = at_once(lambda _: world.delete(path).status)
    assert sorted(deletes) == [200] + [404] * (THREADS - 1)


def test_the_clock_loses_no_second(world: World) -> None:
    before = world.emulator.world.clock.ahead.total_seconds()
    at_once(lambda _: world.advance(100))
    assert world.emulator.world.clock.ahead.total_seconds() - before == 100 * THREADS


def test_readers_and_writers_at_once(world: World) -> None:
    """Requests and Python methods at once; each reader sees a consistent state."""
    meeting_id = world.meeting()
    participant_id = world.participant(meeting_id)

    def act(number: int) -> bool:
        match number % 4:
            case 0:
                joined = world.emulator.join(meeting_id, participant_id)
                world.emulator.leave(meeting_id, joined.peer_id)
            case 1:
                session = world.get(f"/meetings/{meeting_id}/active-session")
                assert session.status in {200, 404}
            case 2:
                for session in world.get("/sessions", per_page=100).data["sessions"]:
                    assert session["live_participants"] >= 0
                    assert (session["ended_at"] is None) is (session["status"] == "LIVE")
            case _:
                world.advance(30)
        return True

    assert all(at_once(act, range(200)))
    joined = world.get("/sessions", per_page=200).data["sessions"]
    peers = [world.get(f"/sessions/{session['id']}/participants").json()["data"]["paging"] for session in joined]
    assert sum(paging["total_count"] for paging in peers) == 50


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_gets_an_error_instead_of_waiting_for_the_threads_of_its_parent() -> None:
    """The lock is held by a thread that does not exist in the child, such as one that sends webhooks."""

    def hold() -> None:
        with emulator.world.lock:
            held.set()
            forked.wait(10)

    emulator, held, forked = Emulator(), threading.Event(), threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(5)
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(10)
            with pytest.raises(RuntimeError, match=r"before the process was forked.* serve"):
                emulator.requests()
            with pytest.raises(RuntimeError, match="before the process was forked"):
                emulator.handle(Request("GET", "/client/v4/x", "", {}, b""))
            emulator.close()
            os._exit(0)
        except BaseException:
            os._exit(1)
    forked.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
    assert emulator.requests() == [], "the parent's is as it was"
    emulator.close()
