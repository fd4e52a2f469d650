"""What is chained to an attribute that loads a record: on an async client, the error says what to await."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from realtimekit.webhooks import parse_event

from .scripted import Script, async_client_of, client_of, ok

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
LINES = PAGE.read_text(encoding="utf-8").partition("| `RealtimeKit` | `AsyncRealtimeKit` |\n")[2].splitlines()
CHAINS = dict(re.findall(r"`([^`]+)` \| `([^`]+)`", "\n".join(LINES[1:10])))


def names(client: Any) -> dict[str, Any]:
    event = parse_event({"event": "meeting.ended", "meeting": {"sessionId": "s"}}, client=client)
    return {
        "client": client,
        "session": client.sessions.ref("s"),
        "meeting": client.meetings.ref("m"),
        "event": event,
    }


def test_the_table_in_the_documents_is_there() -> None:
    assert len(CHAINS) == 9
    for sync, awaited in CHAINS.items():
        compile(f"{sync} ..." if sync.startswith("for") else sync, "clients.md", "exec")
        compile(f"async def f():\n    {awaited}{' ...' if awaited.startswith('async') else ''}", "clients.md", "exec")


@pytest.mark.parametrize("chain", [chain for chain in CHAINS if re.match(r"(session|meeting|event)\.", chain)])
def test_the_error_says_what_the_documents_say(chain: str) -> None:
    """The table and the error name the same form."""
    script = Script()
    owner, attribute, method = re.findall(r"\w+", chain)[:3]
    loading = getattr(names(async_client_of(script))[owner], attribute)
    with pytest.raises(AttributeError) as caught:
        getattr(loading, method)
    loading.close()  # it was never awaited
    assert str(caught.value).removeprefix("await it first: ") in CHAINS[chain]
    assert script.calls == []


def test_the_same_chain_on_a_sync_client() -> None:
    script = Script(ok({"id": "s"}), ok({"action": "kicked", "kicked_participants_count": 2}))
    assert client_of(script).meetings.ref("m").active_session.kick_all() == 2


def test_what_is_awaited_works_in_every_way() -> None:
    async def main() -> None:
        client = async_client_of(Script(*[ok({"id": "s", "status": "LIVE"})] * 5))
        meeting = client.meetings.ref("m")
        assert (await meeting.active_session).status == "LIVE"
        task = asyncio.create_task(meeting.active_session)
        assert "active_session" in repr(task) or "run" in repr(task)
        assert (await task).status == "LIVE"
        first, second = await asyncio.gather(meeting.active_session, meeting.active_session)
        assert first == second
        assert (await asyncio.wait_for(meeting.active_session, 5)).status == "LIVE"

    asyncio.run(main(), debug=True)


def test_asyncio_can_run_it() -> None:
    meeting = async_client_of(Script(ok({"id": "s", "status": "LIVE"}))).meetings.ref("m")
    assert asyncio.run(meeting.active_session).status == "LIVE"


def test_a_forgotten_await_is_still_a_warning() -> None:
    meeting = async_client_of(Script()).meetings.ref("m")
    with pytest.warns(RuntimeWarning, match="never awaited"):
        del [meeting.active_session][0]
