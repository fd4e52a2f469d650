"""Records in FastAPI routes and in pydantic models."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, TypeAdapter, ValidationError

from realtimekit import Async, AsyncRealtimeKit, Participant, RealtimeKit, Recording, Session, SessionParticipant
from realtimekit.transports.emulator import connected

if TYPE_CHECKING:
    from tests.conftest import Demo


class Account(BaseModel):
    session: Session
    people: list[SessionParticipant]


@pytest.fixture
def kit(demo: Demo) -> RealtimeKit:
    return RealtimeKit(**connected(demo.emulator))


def served(function: Any, returns: Any = None) -> Any:
    app = FastAPI()
    app.get("/", response_model=returns)(function)
    answer = TestClient(app).get("/")
    assert answer.status_code == 200
    assert app.openapi()["paths"]["/"]["get"]["responses"]["200"]
    return answer.json()


def test_records_as_results_of_routes(demo: Demo, kit: RealtimeKit) -> None:
    session = kit.sessions.find("sess-1")
    people = session.participants.all()
    plain, typed = served(lambda: session), served(lambda: session, Session)
    assert typed.keys() == plain.keys() == session.to_dict().keys()
    assert typed["started_at"].rstrip("Z") == plain["started_at"].removesuffix("+00:00")
    assert typed["status"] == "ENDED"
    assert served(lambda: session, Session | None) == typed
    assert served(lambda: None, Session | None) is None
    assert served(lambda: kit.sessions.where().all(), list[Session]) == [typed]
    assert served(lambda: kit.sessions.where(status="ENDED"), list[Session]) == [typed]
    assert [person["id"] for person in served(lambda: people, list[SessionParticipant])] == [p.id for p in people]
    account = served(lambda: Account(session=session, people=people), Account)
    assert (account["session"], len(account["people"])) == (typed, 3)
    peer = kit.sessions.find_participant_by_peer_id("peer-1", filters=["quality_stats"])  # records within records
    assert served(lambda: peer, SessionParticipant)["peer_report"] == peer.to_dict()["peer_report"]
    assert served(lambda: kit.recordings.where().all(), list[Recording]) is not None

    async def found() -> Session[Async]:
        return await AsyncRealtimeKit(**connected(demo.emulator)).sessions.find("sess-1")

    assert served(found, Session[Async]) == typed


def test_a_token_is_sent_only_when_revealed(kit: RealtimeKit) -> None:
    meeting = kit.meetings.create(title="Weekly")
    alice = meeting.participants.create(name="Alice", custom_participant_id="user-1", preset_name="group_call_host")
    assert alice.token is not None
    text = alice.token.reveal()
    with pytest.raises(ValueError, match="reveal") as caught:
        served(lambda: alice, Participant)
    assert text not in str(caught.value)
    assert served(lambda: {"token": text}) == {"token": text}
    assert served(alice.to_dict)["token"] == text


def test_in_models(kit: RealtimeKit) -> None:
    session = kit.sessions.find("sess-1")
    adapter = TypeAdapter(Session)
    assert adapter.validate_python(session) is session
    assert adapter.dump_python(session) is session
    for other in ({"id": "sess-1"}, "sess-1", None):
        with pytest.raises(ValidationError):
            adapter.validate_python(other)


def test_pydantic_is_not_loaded() -> None:
    code = "import sys, realtimekit; realtimekit.Session; assert not {'pydantic', 'pydantic_core'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
