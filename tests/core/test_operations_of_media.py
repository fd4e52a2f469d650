"""Livestreams and recordings: the exact request of each operation, and its result for the documented response."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from realtimekit import (
    ActiveLivestreamSession,
    DecodeError,
    Livestream,
    LivestreamSession,
    Meeting,
    NotFoundError,
    Recording,
)

from .operation import NOON, Operation, call, record
from .scripted import Mode, Script, client_of, error, make_response, ok, paging_of
from .shapes import (
    LIVESTREAM,
    LIVESTREAM_FOUND,
    LIVESTREAM_SESSION,
    RECORDING,
    STARTED,
    TRACKS,
    UPLOADED,
)

OPERATIONS: dict[str, Operation] = {
    # livestreams
    "livestream, created": Operation(
        lambda c: c.livestreams.create(name="demo"), call("POST", "/app/livestreams", {"name": "demo"}),
        LIVESTREAM, seen=record(Livestream, LIVESTREAM),
    ),
    "livestream, created without a name": Operation(
        lambda c: c.livestreams.create(), call("POST", "/app/livestreams", {}), LIVESTREAM,
        seen=record(Livestream, LIVESTREAM),
    ),
    "livestream, found": Operation(
        lambda c: c.livestreams.find("l"), call("GET", "/app/livestreams/l"), LIVESTREAM_FOUND,
        seen=record(Livestream, LIVESTREAM),
    ),
    "livestream, reloaded": Operation(
        lambda c: c.livestreams.ref("l").reload(), call("GET", "/app/livestreams/l"), LIVESTREAM_FOUND,
        lambda x: (x.disabled, x.name, x.created_at.year), (False, None, 2023),
    ),
    "livestreams, a page": Operation(
        lambda c: c.livestreams.where(
            exclude_meetings=True, status="LIVE", start_time=NOON, end_time="2026-06-04", per_page=3
        ).order_by("-created_at").page(2),
        call("GET", "/app/livestreams", exclude_meetings="true", status="LIVE", start_time="2026-06-03T12:00:00.000Z",
             end_time="2026-06-04", per_page="3", sort_order="DSC", page_no="2"),
        [LIVESTREAM], lambda found: [(type(x), x.status) for x in found], [(Livestream, "LIVE")],
    ),
    "livestreams, the oldest first": Operation(
        lambda c: c.livestreams.order_by("created_at").page(1),
        call("GET", "/app/livestreams", sort_order="ASC", page_no="1"), [], len, 0,
    ),
    "livestreams, as in the schema": Operation(
        lambda c: c.livestreams.page(1), call("GET", "/app/livestreams", page_no="1"),
        {**LIVESTREAM, "disabled": "false", "paging": paging_of(1, 1, 1)}, lambda found: [x.disabled for x in found],
        [False],
    ),
    "livestream sessions of a livestream": Operation(
        lambda c: c.livestreams.ref("l").sessions.page(2), call("GET", "/app/livestreams/l", page_no="2"),
        LIVESTREAM_FOUND, lambda found: [(type(b), b.ingest_seconds, dict(b.scope)) for b in found],
        [(LivestreamSession, 118.0, {"account_id": "acc", "app_id": "app"})],
    ),
    "livestream sessions of a livestream, as in the schema": Operation(
        lambda c: c.livestreams.ref("l").sessions.page_size(9).page(1),
        call("GET", "/app/livestreams/l", page_no="1", per_page="9"), {"session": LIVESTREAM_SESSION},
        lambda found: [b.id for b in found], [LIVESTREAM_SESSION["id"]],
    ),
    "livestream session that is going on": Operation(
        lambda c: c.livestreams.ref("l").active_livestream_session(),
        call("GET", "/app/livestreams/l/active-livestream-session"),
        {"livestream": LIVESTREAM, "session": {**LIVESTREAM_SESSION, "ingest_seconds": "60"}},
        lambda b: (type(b), b.ingest_seconds, dict(b.scope)),
        (ActiveLivestreamSession, 60.0, {"account_id": "acc", "app_id": "app"}),
    ),
    # of a meeting
    "meeting, livestream started": Operation(
        lambda c: c.meetings.ref("m").start_livestream(name="n", video_config={"width": 1280, "height": 720}),
        call("POST", "/app/meetings/m/livestreams", {"name": "n", "video_config": {"width": 1280, "height": 720}}),
        STARTED, seen=record(Livestream, STARTED),
    ),
    "meeting, livestream started, all defaults": Operation(
        lambda c: c.meetings.ref("m").start_livestream(timeout=3), call("POST", "/app/meetings/m/livestreams", {}),
        STARTED, lambda x: dict(x.scope), {"account_id": "acc", "app_id": "app"},
    ),
    "meeting, livestream stopped": Operation(
        lambda c: c.meetings.ref("m").stop_livestream(), call("POST", "/app/meetings/m/active-livestream/stop"),
        {"message": "Stopped live stream successfully"}, type, type(None),
    ),
    "meeting, active livestream": Operation(
        lambda c: c.meetings.ref("m").active_livestream, call("GET", "/app/meetings/m/active-livestream"), LIVESTREAM,
        lambda x: (x.to_dict() == LIVESTREAM, dict(x.scope)), (True, {"account_id": "acc", "app_id": "app"}),
    ),
    "meeting, livestream and its livestream sessions": Operation(
        lambda c: c.meetings.ref("m").livestream(page_no=1, per_page=5),
        call("GET", "/app/meetings/m/livestream", page_no="1", per_page="5"), LIVESTREAM_FOUND,
        lambda found: (found.livestream.id, [type(b) for b in found.sessions]),
        (LIVESTREAM["id"], [LivestreamSession]),
    ),
    "meeting, livestream and its livestream sessions, as in the schema": Operation(
        lambda c: c.meetings.ref("m").livestream(), call("GET", "/app/meetings/m/livestream"),
        {"livestreams": [LIVESTREAM], "sessions": LIVESTREAM_SESSION, "paging": {}},
        lambda found: (found.livestream.id, [b.id for b in found.sessions]),
        (LIVESTREAM["id"], [LIVESTREAM_SESSION["id"]]),
    ),
    "meeting, no livestream yet": Operation(
        lambda c: c.meetings.ref("m").livestream(), call("GET", "/app/meetings/m/livestream"),
        {"livestreams": [], "sessions": []}, lambda found: found, (None, []),
    ),
    # recordings
    "recording, found": Operation(
        lambda c: c.recordings.find("r"), call("GET", "/app/recordings/r"), RECORDING, seen=record(Recording, RECORDING)
    ),
    "recording, uploaded": Operation(
        lambda c: c.recordings.find("r"), call("GET", "/app/recordings/r"), UPLOADED,
        lambda r: (r.download_url, r.audio_download_url, r.layers, r.file_size, r.recording_duration,
                   r.start_reason.caller.user_id, r.stop_reason.caller, type(r.meeting), dict(r.meeting.scope)),
        ("https://files.test/weekly.mp4", "https://files.test/weekly.mp3", None, 1024, 61.0, "u1", None, Meeting,
         {"account_id": "acc", "app_id": "app"}),
    ),
    "recording of tracks, uploaded": Operation(
        lambda c: c.recordings.find("r"), call("GET", "/app/recordings/r"), TRACKS,
        lambda r: (r.download_url, [(layer.layer_name, layer.download_urls) for layer in r.layers]),
        (None, [("default", {"ann.webm": "https://files.test/ann.webm"})]),
    ),
    "recording, started": Operation(
        lambda c: c.recordings.create(
            meeting_id="m", max_seconds=60, storage_config=None, interactive_config={"type": "ID3"}
        ),
        call("POST", "/app/recordings",
             {"meeting_id": "m", "max_seconds": 60, "storage_config": None, "interactive_config": {"type": "ID3"}}),
        RECORDING, lambda r: (r.status, r.download_url, r.layers, r.storage_config.bucket),
        ("INVOKED", None, None, "files"),
    ),
    "recording of tracks, started": Operation(
        lambda c: c.recordings.create_track(meeting_id="m", layers={"a": {"file_name_prefix": "x"}}, user_ids=["u"]),
        call("POST", "/app/recordings/track",
             {"meeting_id": "m", "layers": {"a": {"file_name_prefix": "x"}}, "user_ids": ["u"]}),
        {"recording": RECORDING}, seen=record(Recording, RECORDING),
    ),
    "recording, the active one": Operation(
        lambda c: c.recordings.active_for("m/1"), call("GET", "/app/recordings/active-recording/m%2F1"), RECORDING,
        seen=record(Recording, RECORDING),
    ),
    **{
        f"recording, {action}": Operation(
            act, call("PUT", "/app/recordings/r", {"action": action}), {"id": "r", "status": "PAUSED"},
            lambda r: (type(r), r.status), (Recording, "PAUSED"),
        )
        for action, act in {
            "pause": lambda c: c.recordings.ref("r").pause(),
            "resume": lambda c: c.recordings.ref("r").resume(),
            "stop": lambda c: c.recordings.ref("r").stop(timeout=4),
            "another": lambda c: c.recordings.ref("r").transition("another"),
        }.items()
    },
    "recordings, a page": Operation(
        lambda c: c.recordings.where(
            meeting_id="m", expired=False, search="w", status=["UPLOADED", "ERRORED"], start_time=NOON
        ).order_by("-invoked_time").page(1),
        call("GET", "/app/recordings", meeting_id="m", expired="false", search="w", status="UPLOADED,ERRORED",
             start_time="2026-06-03T12:00:00.000Z", sort_by="invokedTime", sort_order="DESC", page_no="1"),
        [UPLOADED], lambda found: [r.invoked_time for r in found],
        [datetime(2022, 12, 1, 8, 11, 10, 430_000, tzinfo=UTC)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_operation(mode: Mode, operation: Operation) -> None:
    operation.check(mode)


def test_the_livestream_is_updated_from_the_response_with_its_livestream_session(mode: Mode) -> None:
    script = Script(ok({"livestream": {**LIVESTREAM, "id": "l", "status": "IDLE"}, "session": LIVESTREAM_SESSION}))
    livestream = mode.client(script).livestreams.ref("l")
    mode.get(livestream.active_livestream_session())
    assert livestream.status == "IDLE"


def test_the_active_livestream_session_has_its_livestream_and_itself_as_records_that_reload(mode: Mode) -> None:
    script = Script(
        ok(
            {
                "livestream": {**LIVESTREAM, "id": "l", "stream_key": "s3cret"},
                "session": {**LIVESTREAM_SESSION, "id": "b"},
            }
        ),
        ok({**LIVESTREAM_SESSION, "id": "b", "viewer_seconds": 7}),
        ok({"livestream": {**LIVESTREAM, "id": "l", "status": "IDLE"}, "sessions": []}),
        ok({**LIVESTREAM_SESSION, "id": "b", "viewer_seconds": 9}),
    )
    livestream = mode.client(script).livestreams.ref("l")
    active = mode.get(livestream.active_livestream_session())
    assert (type(active), type(active.session), type(active.livestream)) == (
        ActiveLivestreamSession,
        LivestreamSession,
        Livestream,
    )
    assert active.livestream is livestream
    assert active.session is active.session
    assert (active.id, active.session.id, active.session.started_time) == ("b", "b", active.started_time)
    assert mode.get(active.session.reload()).viewer_seconds == 7
    assert mode.get(active.livestream.reload()).status == "IDLE"
    assert mode.get(active.reload()).viewer_seconds == 9
    assert [sent.path for sent in script.calls[1:]] == [
        "/app/livestreams/sessions/b",
        "/app/livestreams/l",
        "/app/livestreams/sessions/b",
    ]
    assert "s3cret" not in f"{active!r} {active.to_dict()} {dict(active)}", "what is sent to a browser holds no key"


def test_an_active_livestream_session_that_was_pickled_knows_its_livestream_by_its_id() -> None:
    script = Script(ok({"livestream": LIVESTREAM, "session": {**LIVESTREAM_SESSION, "livestream_id": "l"}}))
    active = client_of(script).livestreams.ref("l").active_livestream_session()
    for copied in (pickle.loads(pickle.dumps(active)), copy.copy(active), copy.deepcopy(active)):
        assert copied.livestream.to_dict() == {"id": "l"}
        assert copied.session == active.session


def test_no_live_livestream_session_is_not_found(mode: Mode) -> None:
    client = mode.client(Script(error(404), error(404)))
    with pytest.raises(NotFoundError):
        mode.get(client.livestreams.ref("l").active_livestream_session())
    with pytest.raises(NotFoundError):
        mode.get(client.meetings.ref("m").active_livestream)


def test_livestream_sessions_of_a_livestream_are_walked(mode: Mode) -> None:
    pages = [
        {
            "success": True,
            "data": {"livestream": LIVESTREAM, "sessions": [{"id": name}]},
            "paging": paging_of(2, at, at),
        }
        for at, name in enumerate("ab", 1)
    ]
    script = Script(server=lambda sent: ok_page(pages[int(sent.query["page_no"]) - 1]))
    assert [b.id for b in mode.each(mode.client(script).livestreams.ref("l").sessions)] == ["a", "b"]
    assert len(script.calls) == 2


def ok_page(page: dict[str, Any]) -> Any:
    return ok(page["data"], page["paging"])


@pytest.mark.parametrize("data", [None, [], "x", {}, {"session": []}, {"session": None}])
def test_an_active_livestream_session_without_a_session_is_a_decode_error(mode: Mode, data: Any) -> None:
    with pytest.raises(DecodeError, match="contains no session"):
        mode.get(mode.client(Script(ok(data))).livestreams.ref("l").active_livestream_session())


@pytest.mark.parametrize("data", [None, [], "x", {}, {"sessions": [1]}, {"sessions": "x"}])
def test_a_meetings_livestream_without_sessions_is_a_decode_error(mode: Mode, data: Any) -> None:
    with pytest.raises(DecodeError, match="contains no sessions"):
        mode.get(mode.client(Script(ok(data))).meetings.ref("m").livestream())


@pytest.mark.parametrize(
    "link", [1, {"a": 1}, True, [1], ["x"], [{"download_urls": "x"}], [{"download_urls": {"a": "x"}}]]
)
def test_an_invalid_link_raises_only_where_it_is_read(mode: Mode, link: Any) -> None:
    recording = mode.get(mode.client(Script(ok({**RECORDING, "download_url": link}))).recordings.find("r"))
    assert recording.status == "INVOKED"
    with pytest.raises(DecodeError, match="download_url"):
        _ = [layer.download_urls for layer in recording.layers]
    assert recording.to_dict()["download_url"] == link


def test_a_recording_can_be_downloaded(mode: Mode, tmp_path: Path) -> None:
    script = Script(ok(RECORDING), ok(UPLOADED), make_response(b"the file"))
    recording = mode.get(mode.client(script).recordings.find("r"))
    saved = mode.get(recording.download(tmp_path))  # the link is read anew: there was none yet
    assert (saved, saved.read_bytes()) == (tmp_path / "weekly.mp4", b"the file")
    assert script.requests[2].url == UPLOADED["download_url"]
    assert "authorization" not in script.requests[2].headers


def test_reprs_contain_no_key_and_no_link(mode: Mode) -> None:
    script = Script(ok(LIVESTREAM_FOUND), ok(UPLOADED), ok(TRACKS))
    client = mode.client(script)
    livestream = mode.get(client.livestreams.find("l"))
    found = [livestream, mode.get(client.recordings.find("r")), mode.get(client.recordings.find("r"))]
    told = repr([*found, found[2].layers, found[1].storage_config])
    assert livestream.stream_key == "key-of-nobody"
    assert "key-of-nobody" not in told
    assert "test" not in told
