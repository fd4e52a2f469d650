"""The controls of an emulator: each form does what its button says, and what cannot be done is said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from realtimekit.console import Server, create_app
from realtimekit.emulator import Emulator
from realtimekit.emulator.remote import RemoteEmulator

from .browser import Answer, opened
from .conftest import Controls, World, client_of, simulated


@pytest.fixture(scope="module")
def served() -> Iterator[Controls]:
    with simulated() as controls:
        yield controls


@pytest.fixture
def controls(served: Controls) -> Iterator[Controls]:
    yield served
    served.emulator.reset()


def done(answer: Answer) -> str:
    """Return where a form that was accepted leads."""
    assert answer.status == 303, answer.page.text[-500:]
    return answer.headers["location"]


def refused(answer: Answer) -> str:
    assert answer.status in {400, 404}
    return re.sub(r"\s+", " ", answer.page.text)


def test_people_join_speak_write_and_leave(controls: Controls) -> None:
    plain, client = controls.plain, controls.client
    here = done(plain.post("/emulator/meetings", title="Weekly <b>", transcribe_on_end="on"))
    meeting_id = here.rpartition("/")[2]
    for name in ("Alice", "Bob"):
        assert done(plain.post(f"{here}/participants", name=name, preset_name="group_call_host")) == here
    meeting = client.meetings.find(meeting_id)
    alice, bob = (next(one for one in meeting.participants if one.name == name) for name in ("Alice", "Bob"))
    assert "Nobody is here" in plain.ok(here).page.text
    for one in (alice, bob):
        done(plain.post(here, do="join", participant_id=one.id))
    session = meeting.sessions.first()
    assert session is not None
    peers = {one.display_name: one.id for one in session.participants}
    shown = plain.ok(here)
    assert "Weekly <b>" in shown.page.text
    assert f"/sessions/{session.id}" in [element.attributes.get("href") for element in shown.page.named("a")]
    done(plain.post(here, do="say", how="speak", peer_id=peers["Alice"], text="Shall we begin?"))
    done(plain.post(here, do="say", how="speak", peer_id=peers["Bob"], text="Yes."))
    done(plain.post(here, do="say", how="write", peer_id=peers["Bob"], text="a link"))
    done(plain.post(here, do="leave", peer_id=peers["Bob"]))
    assert [one.display_name for one in session.participants if one.left_at is None] == ["Alice"]
    done(plain.post(here, do="end"))
    assert f"The session {session.id} has ended." in plain.ok(here).page.text
    assert "has ended." not in plain.ok(here).page.text, "it is said once"
    said = session.transcript.segments()
    assert [(one.speaker, one.text) for one in said] == [("Alice", "Shall we begin?"), ("Bob", "Yes.")]
    assert said[0].end is not None
    assert said[0].end <= said[1].start, "one after the other"
    assert [message.payload for message in session.chat.messages()] == ["a link"]


def test_what_cannot_be_done_is_said(controls: Controls) -> None:
    plain = controls.plain
    here = done(plain.post("/emulator/meetings", title="Empty"))
    assert "Enter a title" in refused(plain.post("/emulator/meetings", title=" "))
    assert "Nobody is in this meeting" in refused(plain.post(here, do="say", peer_id="x", text="y"))
    assert "no such action" in refused(plain.post(here, do="dance"))
    refused(plain.post(here, do="leave", peer_id="x"))
    refused(plain.post(here, do="end"))
    refused(plain.post(here, do="join", participant_id="x"))
    refused(plain.post("/emulator/meetings/none", do="join", participant_id="x"))
    assert plain.post(f"{here}/participants", name="A", preset_name="none").status in {400, 404, 502}
    assert plain.get("/emulator/meetings/none").status == 404


def test_the_clock(controls: Controls) -> None:
    before = controls.emulator.now()
    assert done(controls.plain.post("/emulator/clock", seconds="86400")) == "/emulator"
    assert controls.emulator.now()[:10] > before[:10]
    assert controls.emulator.now()[:16].replace("T", " ") in controls.plain.ok("/emulator").page.text
    assert "Enter the time" in refused(controls.plain.post("/emulator/clock", seconds=""))
    for seconds in ("-1", "x", "nan", "inf", "1e99"):
        assert "from 0 to 316,224,000" in refused(controls.plain.post("/emulator/clock", seconds=seconds))


def test_faults(controls: Controls) -> None:
    plain, emulator = controls.plain, controls.emulator
    more = json.dumps({"headers": {"retry-after": "0"}})
    fields = {"method": "GET", "path": "*/sessions", "status": "503", "times": "2", "probability": "", "json": more}
    assert done(plain.post("/emulator/faults", **fields)) == "/emulator/faults"
    (rule,) = emulator.faults()
    assert (rule["method"], rule["status"], rule["times"], rule["headers"]) == ("GET", 503, 2, {"retry-after": "0"})
    assert "matched 0, applied 0" in plain.ok("/emulator/faults").page.text
    assert "*/sessions" in plain.ok("/emulator/faults").page.text
    for wrong in ({"status": "99"}, {"status": "x"}, {"json": "{"}, {"json": "[]"}, {"json": '{"nothing": 1}'}, {}):
        refused(plain.post("/emulator/faults", **wrong))
    assert len(emulator.faults()) == 1
    done(plain.post("/emulator/faults", clear="1"))
    assert emulator.faults() == []


def test_webhooks(controls: Controls) -> None:
    plain, emulator = controls.plain, controls.emulator
    url = f"{emulator.world.origin}/nobody"
    controls.client.webhooks.create(name="<mine>", url=url, events=["meeting.started"])
    meeting = controls.client.meetings.create(title="Weekly")
    alice = meeting.participants.create(name="Alice", custom_participant_id="alice", preset_name="group_call_host")
    emulator.join(meeting.id, alice.id)
    assert emulator.wait_for_deliveries()
    text = plain.ok("/emulator/webhooks").page.text
    assert "<mine>" in text
    (first,) = emulator.webhook_deliveries()
    done(plain.post("/emulator/webhooks", redeliver=first["id"]))
    assert emulator.wait_for_deliveries()
    assert len(emulator.webhook_deliveries()[0]["attempts"]) == 2
    done(plain.post("/emulator/webhooks", event="meeting.ended", url=url))
    assert emulator.wait_for_deliveries()
    assert emulator.webhook_deliveries()[-1]["event"] == "meeting.ended"
    refused(plain.post("/emulator/webhooks", redeliver="none"))
    refused(plain.post("/emulator/webhooks", event="meeting.ended", url="no url"))
    refused(plain.post("/emulator/webhooks", event="", url=url))


def test_requests(controls: Controls) -> None:
    assert "No request yet" in controls.plain.ok("/emulator/requests").page.text
    list(controls.client.sessions.where(search="<b>"))
    page = controls.plain.ok("/emulator/requests").page
    assert "/sessions?" in page.text
    assert len(page.named("tr")) == 2, "looking at them makes none"


def test_reset(controls: Controls) -> None:
    controls.client.meetings.create(title="Weekly")
    assert "Confirm" in refused(controls.plain.post("/emulator/reset"))
    assert controls.client.meetings.count() == 1
    done(controls.plain.post("/emulator/reset", sure="on"))
    assert controls.client.meetings.count() == 0


@pytest.mark.parametrize(
    "path", ["/emulator", "/emulator/requests", "/emulator/faults", "/emulator/webhooks", "/emulator/meetings/m"]
)
def test_without_an_emulator_there_are_no_controls(world: World, path: str) -> None:
    assert world.kept.get(path).status == 404
    assert "/emulator" not in [element.attributes.get("href") for element in world.kept.ok("/").page.named("a")]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/emulator/clock", {"seconds": "1"}), ("/emulator/reset", {"sure": "on"}),
        ("/emulator/meetings", {"title": "x"}), ("/emulator/meetings/m", {"do": "end"}),
        ("/emulator/meetings/m/participants", {"name": "x", "preset_name": "y"}),
        ("/emulator/faults", {"clear": "1"}), ("/emulator/webhooks", {"redeliver": "x"}),
    ],
)  # fmt: skip
def test_without_an_emulator_nothing_is_written(world: World, path: str, fields: dict[str, str]) -> None:
    assert world.kept.post(path, **fields).status == 404


def test_an_emulator_that_ends(tmp_path: object) -> None:
    with Emulator() as emulator:
        with emulator.serve() as api:
            client = client_of(emulator, api.base_url, max_retries=0)
            server = Server(create_app(client, control=RemoteEmulator(api.base_url)))
            plain = opened(server)
        answer = plain.get("/emulator")
        assert answer.status == 503
        assert "no emulator responds" in answer.page.text
        server.close()
        client.close()
