"""Lifetimes: pickled records, clients across event loops and forks, associations that are not cached."""

from __future__ import annotations

import asyncio
import copy
import gc
import multiprocessing
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import realtimekit
from realtimekit import AsyncRealtimeKit, ConfigurationError, NotFoundError, RealtimeKit, Session

from .conftest import Demo


def names_of(session: Session) -> list[str | None]:
    return [participant.display_name for participant in session.participants]


@pytest.mark.usefixtures("demo_environment")
def test_a_record_goes_through_a_process_pool() -> None:
    session = Session.find("sess-1")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(names_of, (session,)) == ["Alice", "Bob", "Carol"]


def test_a_pickle_contains_no_token(demo: Demo) -> None:
    with RealtimeKit(**demo.settings, transport="httpcore2") as client:
        session = client.sessions.find("sess-1")
    pickled = pickle.dumps(session)
    assert demo.emulator.api_token.encode() not in pickled
    restored = pickle.loads(pickled)
    assert restored == session
    assert restored.to_dict() == session.to_dict()
    with pytest.raises(ConfigurationError, match="CLOUDFLARE_API_TOKEN"):
        restored.reload()


def test_a_pickle_contains_what_the_record_contains(demo: Demo) -> None:
    """As Resource documents: a participant's token could not be restored."""
    with RealtimeKit(**demo.settings, transport="httpcore2") as client:
        person = client.meetings.ref("meet-1").participants.find("part-1").regenerate_token()
    assert person.token is not None
    restored = pickle.loads(pickle.dumps(person))
    assert restored.token == person.token
    assert dict(restored) == dict(person)


def test_an_async_record_from_a_pickle_says_that_it_has_no_client(demo: Demo) -> None:
    async def main() -> None:
        async with AsyncRealtimeKit(**demo.settings) as client:
            restored = pickle.loads(pickle.dumps(await client.sessions.find("sess-1")))
            assert restored.status == "ENDED"
            with pytest.raises(ConfigurationError, match="find it again"):
                await restored.reload()

    asyncio.run(main())


def test_copies_keep_the_client_and_share_nothing_that_changes(demo: Demo) -> None:
    with RealtimeKit(**demo.settings, transport="httpcore2") as client:
        meeting = client.meetings.find("meet-1")
        for duplicate in (copy.copy(meeting), copy.deepcopy(meeting)):
            assert duplicate == meeting
            duplicate.update(title="Another")
            assert (duplicate.title, meeting.title) == ("Another", "Release planning")
            duplicate.update(title="Release planning")


def test_the_active_session_is_loaded_on_each_read(demo: Demo) -> None:
    with RealtimeKit(**demo.settings, transport="httpcore2") as client:
        meeting = client.meetings.find("meet-1")
        with pytest.raises(NotFoundError, match="No active session"):
            _ = meeting.active_session
        people = meeting.participants.all()
        for count, participant in enumerate(people, 1):
            demo.emulator.join(meeting.id, participant.id)
            assert meeting.active_session.live_participants == count
        assert meeting.active_session.kick_all() == len(people)
        assert meeting.active_session.live_participants == 0


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors where Linux lists them")
def test_event_loops_come_and_go_without_leaking_transports(demo: Demo) -> None:
    script = f"""
import asyncio, gc, os, warnings
warnings.simplefilter("ignore", ResourceWarning)  # nobody closes the client here: that is the point
from realtimekit import AsyncRealtimeKit
client = AsyncRealtimeKit(**{demo.settings!r}, transport="httpcore2")
async def main():
    return (await client.sessions.find("sess-1")).status
for _ in range(40):
    assert asyncio.run(main()) == "ENDED"
gc.collect()
print(len(os.listdir("/proc/self/fd")), len(client._transports._by_process[os.getpid()].transports))
"""
    result = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    descriptors, transports = map(int, result.stdout.split())
    assert transports == 1
    assert descriptors < 20


def test_a_client_left_to_the_garbage_collector_closes_its_transports(demo: Demo) -> None:
    client = RealtimeKit(**demo.settings, transport="httpcore2")
    client.sessions.find("sess-1")
    transport = client._transports.get(realtimekit.Sync)
    assert [len(pool.connections) for pool in transport._pools] == [1]
    del client
    gc.collect()
    assert [len(pool.connections) for pool in transport._pools] == [0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("transport", ["auto", "httpcore2"])
def test_a_forked_child_uses_a_client_made_and_used_before(demo: Demo, transport: str) -> None:
    script = f"""
import os
from realtimekit import RealtimeKit
client = RealtimeKit(**{demo.settings!r}, transport={transport!r})
assert client.sessions.find("sess-1").status == "ENDED"
child = os.fork()
if child == 0:
    status = client.sessions.find("sess-1").status
    name = type(client._transports.get(__import__("realtimekit").Sync)).__name__
    os._exit(0 if (status, name) == ("ENDED", "Httpcore2Transport") else 1)
_, code = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(code) == 0, code
assert client.sessions.find("sess-1").status == "ENDED"  # the parent's connection is not broken
client.close()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
