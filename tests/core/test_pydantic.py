"""Records in FastAPI routes and in pydantic models."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from realtimekit import Async, AsyncRealtimeKit, Participant, RealtimeKit, Recording, Session, SessionParticipant
from realtimekit.artifacts.messages import ChatMessage
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


MESSAGE = ChatMessage({"id": "m", "pinned": "false", "createdAt": "2026-06-03T10:00:00.000Z", "more": [1]})
AS_JSON = {"id": "m", "pinned": False, "createdAt": "2026-06-03T10:00:00Z", "more": [1]}


class Anything(BaseModel):
    value: Any


def test_records_where_no_type_is_declared(kit: RealtimeKit) -> None:
    wanted = {"messages": [AS_JSON], "one": {"deep": AS_JSON}}
    value: dict[str, Any] = {"messages": [MESSAGE], "one": {"deep": MESSAGE}}
    for adapter in (TypeAdapter(Any), TypeAdapter(dict[str, Any]), TypeAdapter(dict[str, object])):
        assert json.loads(adapter.dump_json(value)) == adapter.dump_python(value, mode="json") == wanted
        assert adapter.dump_python(value)["messages"][0] is MESSAGE
    assert json.loads(Anything(value=value).model_dump_json()) == {"value": wanted}
    assert to_jsonable_python(value) == wanted
    session = kit.sessions.find("sess-1")
    assert to_jsonable_python({"session": session})["session"].keys() == session.to_dict().keys()
    assert served(lambda: value, dict[str, Any]) == wanted


def test_a_token_is_not_sent_where_no_type_is_declared(kit: RealtimeKit) -> None:
    meeting = kit.meetings.create(title="Weekly")
    alice = meeting.participants.create(name="Alice", custom_participant_id="user-1", preset_name="group_call_host")
    with pytest.raises(ValueError, match="reveal"):
        to_jsonable_python({"participant": alice})


class Inquiry(BaseModel):
    about: ChatMessage
    session: Session | None = None
    people: list[SessionParticipant[Async]] = []


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_a_body_with_records_has_a_json_schema(mode: Any) -> None:
    schema = Inquiry.model_json_schema(mode=mode)
    assert schema["properties"]["about"] == {"title": "ChatMessage", "type": "object", "additionalProperties": True}
    assert schema["properties"]["session"]["anyOf"][0]["title"] == "Session"
    assert schema["properties"]["people"]["items"]["title"] == "SessionParticipant"


def test_a_route_with_records_in_its_body_is_documented() -> None:
    app = FastAPI()

    @app.post("/")
    def ask(inquiry: Inquiry) -> Inquiry:
        return inquiry

    document = TestClient(app).get("/openapi.json").json()
    assert "about" in document["components"]["schemas"]["Inquiry"]["properties"]


def test_without_pydantic_a_record_has_no_serializer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "realtimekit.pydantic_schema", None)
    assert not hasattr(MESSAGE, "__pydantic_serializer__")


def test_pydantic_is_not_loaded() -> None:
    code = "import sys, realtimekit; realtimekit.Session; assert not {'pydantic', 'pydantic_core'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
