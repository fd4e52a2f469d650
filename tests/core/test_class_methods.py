"""Class methods (`Session.find(...)`) send the same requests as a client's collections; a call can override the app."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

import realtimekit
from realtimekit import (
    App,
    Livestream,
    LivestreamSession,
    Meeting,
    Participant,
    Preset,
    Recording,
    Session,
    SessionParticipant,
    Webhook,
)

from .scripted import Mode, Script, ScriptedTransport, default_to, ok
from .shapes import (
    APP,
    LIVESTREAM,
    LIVESTREAM_SESSION,
    MARK,
    MEETING,
    PERSON,
    PRESET,
    PRESET_PARTS,
    RECORDING,
    REPORTED,
    SESSION,
    WEBHOOK,
    WITH_TOKEN,
)

WHO = {"custom_participant_id": "ann-1", "preset_name": "group_call_host"}

OTHER = {"account_id": "acc2", "app_id": "app2"}
ELSEWHERE = "/accounts/acc2/realtime/kit/app2"

Entry = tuple[Callable[[], Any], Callable[[Any], Any], str, Any, dict[str, Any]]

ENTRIES: dict[str, Entry] = {  # of the class, of the client, path, answer, keywords
    "App.find": (lambda: App.find, lambda c: c.apps.find, "/apps/x", ok(APP), {}),
    "App.current": (lambda: App.current, lambda c: c.apps.current, "/apps/app", ok({**APP, "id": "app"}), {}),
    "App.create": (lambda: App.create, lambda c: c.apps.create, "/apps", ok({"app": APP}), {"name": "n"}),
    "Meeting.find": (lambda: Meeting.find, lambda c: c.meetings.find, "/app/meetings/m", ok(MEETING), {}),
    "Meeting.create": (
        lambda: Meeting.create, lambda c: c.meetings.create, "/app/meetings", ok(MEETING), {"title": "t"},
    ),
    "Participant.find": (
        lambda: Participant.find, lambda c: c.participants.find, "/app/meetings/m/participants/p", ok(PERSON),
        {"meeting_id": "m"},
    ),
    "Participant.create": (
        lambda: Participant.create, lambda c: c.participants.create, "/app/meetings/m/participants", ok(WITH_TOKEN),
        {"meeting_id": "m", **WHO},
    ),
    "Session.find": (lambda: Session.find, lambda c: c.sessions.find, "/app/sessions/s", ok(SESSION), {}),
    "Session.find_participant_by_peer_id": (
        lambda: Session.find_participant_by_peer_id, lambda c: c.sessions.find_participant_by_peer_id,
        "/app/sessions/peer-report/x", ok({"participant": REPORTED}), {"filters": "events"},
    ),
    "SessionParticipant.find": (
        lambda: SessionParticipant.find, lambda c: c.session_participants.find, "/app/sessions/s/participants/p",
        ok({"participant": MARK}), {"session_id": "s"},
    ),
    "LivestreamSession.find": (
        lambda: LivestreamSession.find, lambda c: c.livestream_sessions.find, "/app/livestreams/sessions/b",
        ok(LIVESTREAM_SESSION), {},
    ),
    "Livestream.find": (
        lambda: Livestream.find, lambda c: c.livestreams.find, "/app/livestreams/l", ok({"livestream": LIVESTREAM}), {},
    ),
    "Livestream.create": (
        lambda: Livestream.create, lambda c: c.livestreams.create, "/app/livestreams", ok(LIVESTREAM), {"name": "n"},
    ),
    "Recording.find": (
        lambda: Recording.find, lambda c: c.recordings.find, "/app/recordings/r", ok(RECORDING), {},
    ),
    "Recording.create": (
        lambda: Recording.create, lambda c: c.recordings.create, "/app/recordings", ok(RECORDING), {"meeting_id": "m"},
    ),
    "Recording.create_track": (
        lambda: Recording.create_track, lambda c: c.recordings.create_track, "/app/recordings/track",
        ok({"recording": RECORDING}), {"meeting_id": "m"},
    ),
    "Recording.active_for": (
        lambda: Recording.active_for, lambda c: c.recordings.active_for, "/app/recordings/active-recording/x",
        ok(RECORDING), {},
    ),
    "Preset.find": (lambda: Preset.find, lambda c: c.presets.find, "/app/presets/x", ok(PRESET), {}),
    "Preset.create": (
        lambda: Preset.create, lambda c: c.presets.create, "/app/presets", ok(PRESET), {"name": "n", **PRESET_PARTS},
    ),
    "Webhook.find": (lambda: Webhook.find, lambda c: c.webhooks.find, "/app/webhooks/w", ok(WEBHOOK), {}),
    "Webhook.create": (
        lambda: Webhook.create, lambda c: c.webhooks.create, "/app/webhooks", ok(WEBHOOK),
        {"name": "n", "url": "https://hooks.test", "events": []},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENTRIES)
def test_the_class_and_the_client_send_the_same(mode: Mode, name: str) -> None:
    of_class, of_client, path, reply, keywords = ENTRIES[name]
    ids = () if name.endswith(("create", "create_track", "current")) else (path.rpartition("/")[2],)
    script = Script(reply, reply)
    default_to(script)
    by_class = of_class()(*ids, **keywords)
    by_client = mode.get(of_client(mode.client(script))(*ids, **keywords))
    assert script.calls[0] == script.calls[1]
    assert script.calls[0].path == path
    assert script.requests[0] == script.requests[1]
    assert by_class == by_client
    assert by_class.to_dict() == by_client.to_dict()


@pytest.mark.parametrize("name", [name for name in ENTRIES if not name.startswith("App.")])
def test_another_app_or_account_for_one_call(mode: Mode, name: str) -> None:
    of_class, of_client, path, reply, keywords = ENTRIES[name]
    ids = () if name.endswith(("create", "create_track")) else (path.rpartition("/")[2],)
    script = Script(reply, reply, reply)
    default_to(script)
    client = mode.client(script)
    record = mode.get(of_client(client)(*ids, **keywords, **OTHER))
    of_class()(*ids, **keywords, **OTHER)
    mode.get(of_client(client)(*ids, **keywords))
    elsewhere = ELSEWHERE + path.removeprefix("/app")
    assert [call.path for call in script.calls] == [elsewhere, elsewhere, path]
    assert (record.scope["account_id"], record.scope["app_id"]) == ("acc2", "app2")


@pytest.mark.parametrize(
    ("kind", "path", "keywords"),
    [
        (App, "/apps", {"search": "x"}),
        (Meeting, "/app/meetings", {"status": "ACTIVE"}),
        (Participant, "/app/meetings/m/participants", {"meeting_id": "m"}),
        (Session, "/app/sessions", {"status": "ENDED"}),
        (SessionParticipant, "/app/sessions/s/participants", {"session_id": "s"}),
        (Livestream, "/app/livestreams", {"status": "LIVE"}),
        (Recording, "/app/recordings", {"status": "UPLOADED"}),
        (Preset, "/app/presets", {"search": "x"}),
    ],
)
def test_all_and_where_on_a_class(kind: Any, path: str, keywords: dict[str, str]) -> None:
    script = Script(server=lambda sent: ok([{"id": sent.query["page_no"]}] if int(sent.query["page_no"]) <= 2 else []))
    default_to(script)
    found = kind.all(**keywords)
    assert isinstance(found, list)
    assert [(type(record), record.id) for record in found] == [(kind, "1"), (kind, "2")]
    assert {call.path for call in script.calls} == {path}
    assert kind.where(**keywords).limit(1).all() == found[:1]
    assert all(call.query.get("status") == keywords.get("status") for call in script.calls)


def test_the_account_alone_for_apps(mode: Mode) -> None:
    script = Script(ok(APP), ok([]))
    client = mode.client(script)
    mode.get(client.apps.find("x", account_id="acc2"))
    mode.get(client.apps.where(account_id="acc2").page(1))
    assert [call.path for call in script.calls] == [
        "/accounts/acc2/realtime/kit/apps/x",
        "/accounts/acc2/realtime/kit/apps",
    ]


class TestWithoutSettings:
    """Documentation tools, debuggers and mocks read class attributes; that must not need settings."""

    def test_a_call_names_the_missing_setting(self) -> None:
        with pytest.raises(realtimekit.ConfigurationError, match="CLOUDFLARE_API_TOKEN"):
            Session.find("s", app_id="a")

    @pytest.mark.parametrize(
        "look",
        [lambda: hasattr(Session, "find"), lambda: inspect.getmembers(Session), lambda: mock.create_autospec(Session)],
        ids=["hasattr", "getmembers", "autospec"],
    )
    def test_inspecting_a_class_needs_no_settings(self, look: Callable[[], Any]) -> None:
        assert look()

    def test_a_stored_method_follows_the_settings(self) -> None:
        first, second = Script(ok(SESSION)), Script(ok(SESSION))
        default_to(first)
        find = Session.find
        realtimekit.configure(transport=ScriptedTransport(second))
        find("s")
        assert (len(first.calls), len(second.calls)) == (0, 1)


def test_a_record_has_no_class_level_methods(mode: Mode) -> None:
    """They would use the default client, which may belong to another account than the record."""
    session = mode.client(Script()).sessions.ref("s")
    for name in ("find", "where", "all", "find_participant_by_peer_id"):
        assert not hasattr(session, name)
    with pytest.raises(AttributeError, match="of the class Session"):
        _ = session.find
