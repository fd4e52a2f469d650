"""Each name in the table of operations sends the documented method and path."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tools.operation_names import OPERATION_NAMES, Name

import realtimekit
from realtimekit import DecodeError

from .scripted import Mode, Script, ok
from .shapes import PRESET_PARTS

BASE_PATH = "/accounts/{account_id}/realtime/kit"
SLICES = [
    Path(realtimekit.__file__).parent / "contract/slice.json",
    Path(__file__).parents[3] / "shared/contract/openapi-slice.json",
]
METHODS = {"get", "post", "put", "patch", "delete"}

PERSON = {"custom_participant_id": "c", "preset_name": "h"}
PRESET: dict[str, Any] = {"name": "n", **PRESET_PARTS}
HOOK: dict[str, Any] = {"name": "n", "url": "https://hooks.test", "events": ["meeting.started"]}

# What each kind of record in the names is, in these tests.
RECORDS: dict[str, Callable[[Any], Any]] = {
    "client": lambda c: c,
    "meeting": lambda c: c.meetings.ref("meeting_id"),
    "participant": lambda c: c.meetings.ref("meeting_id").participants.ref("participant_id"),
    "session": lambda c: c.sessions.ref("session_id"),
    "preset": lambda c: c.presets.ref("preset_id"),
    "livestream": lambda c: c.livestreams.ref("livestream_id"),
    "recording": lambda c: c.recordings.ref("recording_id"),
    "webhook": lambda c: c.webhooks.ref("webhook_id"),
}
# What the calls are given. Those that are not here get nothing; `find` gets the id at the end of its path.
GIVEN: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "client.apps.create": ([], {"name": "n"}),
    "client.meetings.create": ([], {"title": "t"}),
    "client.recordings.active_for": (["meeting_id"], {}),
    "client.recordings.create": ([], {"meeting_id": "m"}),
    "client.recordings.create_track": ([], {"meeting_id": "m"}),
    "client.sessions.find_participant_by_peer_id": (["peer_id"], {}),
    "meeting.active_session.create_poll": (["?", ["a", "b"]], {}),
    "meeting.active_session.kick": ([], {"participant_ids": ["p"]}),
    "meeting.active_session.mute": ([], {"custom_participant_ids": ["c"]}),
    "meeting.active_session.mute_all": ([], {"allow_unmute": True}),
    "meeting.update": ([], {"title": "t"}),
    "meeting.replace": ([], {"title": "t"}),
    "meeting.participants.create": ([], PERSON),
    "participant.update": ([], {"name": "n"}),
    "participant.replace": ([], PERSON),
    "client.presets.create": ([], PRESET),
    "preset.update": ([], {"name": "n"}),
    "preset.replace": ([], PRESET),
    "recording.transition": (["stop"], {}),
    "client.webhooks.create": ([], HOOK),
    "webhook.update": ([], {"enabled": False}),
    "webhook.replace": ([], HOOK),
}


def carried_out(mode: Mode, client: Any, row: Name) -> None:
    kind, *names = row.ours.split(".")
    place = RECORDS[kind](client)
    for name in names[:-1]:
        place = getattr(place, name)
        if (mode.asynchronous and hasattr(place, "__await__")) or name == "active_session":
            place = mode.get(place)
    found = getattr(place, names[-1])
    if names[-1] == "where":
        mode.get(found().page(1))
        return
    if not callable(found):  # an attribute that loads itself
        mode.get(found)
        return
    positional, keywords = GIVEN.get(row.ours, ([], {}))
    if names[-1] == "find":
        positional = [row.path.rpartition("{")[2].removesuffix("}")]
    mode.get(found(*positional, **keywords))


@pytest.mark.parametrize("row", OPERATION_NAMES, ids=lambda row: row.ours)
def test_each_name_sends_its_method_and_path(mode: Mode, row: Name) -> None:
    script = Script(server=lambda _: ok({"id": "x"}))
    client = mode.client(script, app_id="app_id")
    with suppress(DecodeError):  # what comes back is the other tables' subject
        carried_out(mode, client, row)
    sent = script.calls[-1]
    assert (sent.method, sent.path) == (row.method, re.sub(r"[{}]", "", row.path))


def test_there_are_62() -> None:
    assert [row.number for row in OPERATION_NAMES] == list(range(1, 63))
    for values in ([(row.method, row.path) for row in OPERATION_NAMES], [row.ours for row in OPERATION_NAMES]):
        assert len(set(values)) == 62


@pytest.mark.parametrize("path", SLICES, ids=["in the package", "as given"])
def test_they_match_the_contract(path: Path) -> None:
    if not path.exists():
        pytest.skip("not here")
    paths = json.loads(path.read_text(encoding="utf-8"))["paths"]
    described = {(method, name.removeprefix(BASE_PATH)) for name in paths for method in METHODS & paths[name].keys()}
    assert {(row.method.lower(), row.path) for row in OPERATION_NAMES} == described


def test_the_official_names_exist_in_the_package() -> None:
    from cloudflare import Cloudflare

    client = Cloudflare(api_token="x")
    for row in OPERATION_NAMES:
        if row.official is not None:
            place: Any = client
            for name in row.official.removeprefix("client.").split("."):
                place = getattr(place, name)
            assert callable(place), row
    assert sum(row.official is None for row in OPERATION_NAMES) == 8
