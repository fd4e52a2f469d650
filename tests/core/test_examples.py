"""Every documented example can be decoded: each declared field in it can be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from realtimekit.record import Field, Record

from .scripted import Mode, Script, make_response, ok
from .shapes import (
    ACTIVE,
    APP,
    CHAT,
    DAYWISE,
    HENRY,
    KICKED,
    LIVESTREAM,
    LIVESTREAM_DAY,
    LIVESTREAM_FOUND,
    LIVESTREAM_SESSION,
    LIVESTREAM_SESSIONS,
    LIVESTREAM_TOTALS,
    MARK,
    MEETING,
    MEETING_IN_FULL,
    MUTED,
    PERSON,
    POLL,
    PRESET,
    PRESET_IN_LIST,
    RECORDING,
    REPORTED,
    SESSION,
    STARTED,
    SUMMARY,
    TRACKS,
    TRANSCRIPT,
    UPLOADED,
    WEBHOOK,
    WITH_TOKEN,
)

EXAMPLES = Path(__file__).parents[3] / "shared/contract/examples"

# How each call of the examples is made, by the name of its file; and answers in the same shapes.
CALLS: dict[str, tuple[Callable[[Any], Any], list[Any]]] = {
    "GET_apps": (lambda c: c.apps.page(1), [[APP]]),
    "GET_apps-app_id": (lambda c: c.apps.find("x"), [APP, {**APP, "name": None}]),
    "POST_apps": (lambda c: c.apps.create(name="n"), [{"app": APP}]),
    "GET_app_id-meetings": (lambda c: c.meetings.page(1), [[MEETING]]),
    "POST_app_id-meetings": (lambda c: c.meetings.create(), [MEETING, MEETING_IN_FULL]),
    "POST_app_id-meetings-meeting_id-participants": (
        lambda c: c.meetings.ref("m").participants.create(custom_participant_id="c", preset_name="h"), [WITH_TOKEN],
    ),
    "GET_app_id-meetings-meeting_id-participants": (lambda c: c.meetings.ref("m").participants.page(1), [[PERSON]]),
    "GET_app_id-meetings-meeting_id-active-session": (lambda c: c.meetings.ref("m").active_session, [ACTIVE]),
    "GET_app_id-meetings-meeting_id-active-livestream": (lambda c: c.meetings.ref("m").active_livestream, [LIVESTREAM]),
    "GET_app_id-meetings-meeting_id-livestream": (lambda c: c.meetings.ref("m").livestream(), [LIVESTREAM_FOUND]),
    "POST_app_id-meetings-meeting_id-livestreams": (lambda c: c.meetings.ref("m").start_livestream(), [STARTED]),
    "POST_app_id-meetings-meeting_id-active-livestream-stop": (
        lambda c: c.meetings.ref("m").stop_livestream(), [{"message": "Stopped live stream successfully"}],
    ),
    "POST_app_id-meetings-meeting_id-active-session-kick": (
        lambda c: c.active.kick(participant_ids=["p"]), [KICKED],
    ),
    "POST_app_id-meetings-meeting_id-active-session-mute": (
        lambda c: c.active.mute(participant_ids=["p"]), [MUTED],
    ),
    "POST_app_id-meetings-meeting_id-active-session-poll": (
        lambda c: c.active.create_poll("?", ["a"]), [{"action": "poll", "poll": POLL}],
    ),
    "GET_app_id-livestreams": (lambda c: c.livestreams.page(1), [[LIVESTREAM]]),
    "POST_app_id-livestreams": (lambda c: c.livestreams.create(), [LIVESTREAM]),
    "GET_app_id-livestreams-livestream_id": (lambda c: c.livestreams.find("l"), [LIVESTREAM_FOUND]),
    "GET_app_id-livestreams-livestream_id, its livestream sessions": (
        lambda c: c.livestreams.ref("l").sessions.page(1), [LIVESTREAM_FOUND],
    ),
    "GET_app_id-livestreams-livestream_id-active-livestream-session": (
        lambda c: c.livestreams.ref("l").active_livestream_session(),
        [{"livestream": LIVESTREAM, "session": LIVESTREAM_SESSION}],
    ),
    "GET_app_id-livestreams-sessions-livestream-session-id": (
        lambda c: c.livestream_sessions.find("b"), [LIVESTREAM_SESSION],
    ),
    "GET_app_id-sessions": (lambda c: c.sessions.page(1), [{"sessions": [SESSION]}]),
    "GET_app_id-sessions-session_id-participants": (
        lambda c: c.sessions.ref("s").participants.page(1), [{"participants": [MARK, HENRY]}],
    ),
    "GET_app_id-sessions-session_id-livestream-sessions": (
        lambda c: c.sessions.ref("s").livestream_sessions(), [LIVESTREAM_SESSIONS],
    ),
    "GET_app_id-sessions-session_id-chat": (lambda c: c.sessions.ref("s").chat, [CHAT]),
    "GET_app_id-sessions-session_id-transcript": (lambda c: c.sessions.ref("s").transcript, [TRANSCRIPT]),
    "GET_app_id-sessions-session_id-summary": (lambda c: c.sessions.ref("s").summary, [SUMMARY]),
    "POST_app_id-sessions-session_id-summary": (
        lambda c: c.sessions.ref("s").generate_summary(), [{"session_id": "s", "status": "PENDING"}],
    ),
    "GET_app_id-sessions-peer-report-peer_id": (
        lambda c: c.sessions.find_participant_by_peer_id("x"), [{"participant": REPORTED}],
    ),
    "GET_app_id-analytics-daywise": (lambda c: c.analytics.daywise(), [DAYWISE, {}]),
    "GET_app_id-analytics-livestreams-daywise": (lambda c: c.analytics.livestreams_daywise(), [[LIVESTREAM_DAY], []]),
    "GET_app_id-analytics-livestreams-overall": (
        lambda c: c.analytics.livestreams_overall(), [LIVESTREAM_TOTALS, [LIVESTREAM_DAY]],
    ),
    "GET_app_id-presets": (lambda c: c.presets.page(1), [[PRESET_IN_LIST]]),
    "GET_app_id-presets-preset_id": (lambda c: c.presets.find("x"), [PRESET]),
    "GET_app_id-recordings": (lambda c: c.recordings.page(1), [[UPLOADED, TRACKS]]),
    "POST_app_id-recordings": (lambda c: c.recordings.create(meeting_id="m"), [RECORDING]),
    "POST_app_id-recordings-track": (lambda c: c.recordings.create_track(meeting_id="m"), [{"recording": RECORDING}]),
    "PUT_app_id-recordings-recording_id": (
        lambda c: c.recordings.ref("r").stop(), [{**UPLOADED, "status": "UPLOADING"}],
    ),
    "GET_app_id-webhooks": (lambda c: c.webhooks.page(1), [[WEBHOOK]]),
    "POST_app_id-webhooks": (
        lambda c: c.webhooks.create(name="n", url="https://hooks.test", events=["meeting.started"]), [WEBHOOK],
    ),
    "GET_app_id-webhooks-webhook_id": (lambda c: c.webhooks.find("w"), [WEBHOOK]),
    "PUT_app_id-webhooks-webhook_id": (
        lambda c: c.webhooks.ref("w").replace(name="n", url="https://hooks.test", events=["meeting.started"]),
        [WEBHOOK],
    ),
    "PATCH_app_id-webhooks-webhook_id": (lambda c: c.webhooks.ref("w").update(enabled=True), [WEBHOOK]),
    "DELETE_app_id-webhooks-webhook_id": (lambda c: c.webhooks.ref("w").destroy(), [WEBHOOK]),
}  # fmt: skip

# What stands in an example in place of a real value.
PLACEHOLDERS = {"chat_download_url_expiry": "2026-06-10T10:00:00.000Z"}


def successes(example: dict[str, Any]) -> Iterator[Any]:
    """The bodies of all successful responses in a file."""
    for group in ("responses", "alternate_responses", "ancestor_responses"):
        for name, body in example.get(group, {}).items():
            if isinstance(body, dict) and body.get("success") is True:
                yield body
            elif name.startswith("x-example"):
                yield {"success": True, "data": body}
    guide = example.get("guide", {}).get("response")
    if guide:
        yield guide


def documented() -> Iterator[Any]:
    for path in sorted(EXAMPLES.glob("*.json")) if EXAMPLES.exists() else ():
        for number, body in enumerate(successes(json.loads(path.read_text(encoding="utf-8"))), 1):
            yield pytest.param(path.stem, body, id=f"{path.stem} {number}")


def records(found: Any) -> Iterator[Record]:
    """All records in a result, including nested ones; each of their fields is read."""
    if isinstance(found, Record):
        yield found
        for name in {name: None for kind in type(found).__mro__ for name in vars(kind)}:
            field = getattr(type(found), name, None)
            if isinstance(field, Field) and any(wire in found for wire in field.wire_names):
                yield from records(getattr(found, name))
    elif isinstance(found, list | tuple):
        for item in found:
            yield from records(item)


class _Client:
    """A client and the active session of a meeting."""

    def __init__(self, client: Any, active: Any) -> None:
        self._client, self.active = client, active

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def about_what_is_asked(name: str, body: Any) -> Any:
    """The body with the ids that `CALLS` asks for, in place of the ids of the example."""
    ids = {"app": "x", "livestream": "l", "session": "b", "preset": "x", "recording": "r", "webhook": "w", "peer": "x"}
    kind = name.removesuffix("-active-livestream-session").replace("-id", "_id").removesuffix("_id").rpartition("-")[2]
    data = body["data"]
    if name.startswith("POST") or not isinstance(data, dict) or kind not in ids:
        return body
    nested = next((key for key in ("app", "livestream", "participant", "recording") if key in data), None)
    found = data if nested is None else data[nested]
    found = {**found, "id": ids[kind]} if "id" in found else found
    return {**body, "data": found if nested is None else {**data, nested: found}}


def read_all(mode: Mode, name: str, body: Any) -> list[Record]:
    act = CALLS[name][0]
    in_session = "active-session-" in name
    script = Script(*([ok(ACTIVE)] if in_session else []), make_response(about_what_is_asked(name, body)))
    client = mode.client(script)
    active = mode.get(client.meetings.ref("m").active_session) if in_session else None
    return list(records(mode.get(act(_Client(client, active)))))


@pytest.mark.parametrize(
    ("name", "data"), [pytest.param(name, data, id=name) for name, (_, all_) in CALLS.items() for data in all_]
)
def test_every_shape_can_be_read(mode: Mode, name: str, data: Any) -> None:
    found = read_all(mode, name, {"success": True, "data": data})
    assert bool(found) == (name not in NO_RECORD and data != [])


NO_RECORD = {
    "POST_app_id-meetings-meeting_id-active-livestream-stop",
    "DELETE_app_id-webhooks-webhook_id",
}


@pytest.mark.parametrize(("name", "body"), list(documented()))
def test_every_documented_example_can_be_read(mode: Mode, name: str, body: Any) -> None:
    if isinstance(body["data"], dict):
        body = {**body, "data": {**body["data"], **{k: v for k, v in PLACEHOLDERS.items() if k in body["data"]}}}
    assert read_all(mode, name, body) or name in NO_RECORD


def test_the_reader_of_all_fields_finds_a_bad_one() -> None:
    from realtimekit import DecodeError

    bad = {**UPLOADED, "meeting": {**MEETING, "created_at": "yesterday"}}
    with pytest.raises(DecodeError, match=r"Meeting\.created_at"):
        read_all(Mode(asynchronous=False), "GET_app_id-recordings", {"success": True, "data": [bad]})
