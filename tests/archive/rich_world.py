"""A world with everything that sessions can leave behind, and everything that a client can read of it."""

from __future__ import annotations

import io
import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit import APIError, ArtifactError, report

from .worlds import MINUTE, Held, World

if TYPE_CHECKING:
    from collections.abc import Callable


class Rich(NamedTuple):
    """What is in it: sessions of three meetings, and their recordings and livestream sessions."""

    weekly: Held
    tracks: Held
    quiet: Held
    sessions: list[str]


def make_rich(world: World) -> Rich:
    """Hold the sessions, and wait until all files are there."""
    everything: Any = {"transcribe_on_end": True, "summarize_on_end": True, "persist_chat": True}
    audio: Any = {"export_file": True, "codec": "MP3", "channel": "mono"}
    weekly = world.start("Alice", "Bob", title="Weekly: budget", **everything)
    world.client.recordings.create(meeting_id=weekly.meeting_id, audio_config=audio, file_name_prefix="weekly")
    _, bob = weekly.peers
    world.emulator.speak(bob.session_id, bob.peer_id, "Grüß Gott, “quoted”, and\na second line", 61_000, 64_500)
    world.emulator.chat(bob.session_id, bob.peer_id, 'a, comma; "quotes" 🎉')
    world.wait(2 * MINUTE)
    world.client.meetings.find(weekly.meeting_id).start_livestream(name="town-hall")
    world.emulator.leave(weekly.meeting_id, bob.peer_id)
    world.wait(MINUTE)
    user_id = world.client.sessions.find(bob.session_id).participants.find(bob.peer_id).user_id
    back = world.emulator.join(weekly.meeting_id, str(user_id))  # a second stay
    world.emulator.speak(back.session_id, back.peer_id, "I am back", 190_000, 191_000)
    world.wait(3 * MINUTE)
    world.client.meetings.find(weekly.meeting_id).stop_livestream()
    world.wait(MINUTE)
    world.emulator.end(weekly.meeting_id)
    world.wait(HALF)

    tracks = world.start("Carol", "Dan", "Alice", title="Interview", **everything)
    world.client.recordings.create_track(meeting_id=tracks.meeting_id)
    world.wait(2 * MINUTE)
    for peer in tracks.peers[:2]:  # one after the other, so that no two stays have the same length
        world.emulator.leave(tracks.meeting_id, peer.peer_id)
        world.wait(MINUTE)
    world.emulator.end(tracks.meeting_id)
    world.wait(HALF)

    quiet = Held("", world.meeting(title="Quiet"), [])
    peer = world.join(quiet.meeting_id, "Eve")
    quiet = Held(peer.session_id, quiet.meeting_id, [peer])
    world.wait(MINUTE)
    world.emulator.end(quiet.meeting_id)
    world.wait(HALF)

    again = world.start("Alice", meeting_id=weekly.meeting_id)
    world.wait(2 * MINUTE)
    world.emulator.end(weekly.meeting_id)
    world.wait(2 * HALF)
    return Rich(weekly, tracks, quiet, [weekly.session_id, tracks.session_id, quiet.session_id, again.session_id])


HALF = 30 * MINUTE
_LINK = re.compile(r"(?i)url")
DETAILS = ("start_reason", "stop_reason", "storage_config")  # of `GET /recordings/{id}` alone, which no sync reads


def plain(value: Any) -> Any:
    """Return what a client returned, as plain values without links and their expiries."""
    if hasattr(value, "to_dict"):
        value = value.to_dict()
    if isinstance(value, dict):
        # What is behind a link is compared when it is downloaded. A link is there, or it is not.
        return {
            str(name): (child is not None) if _LINK.search(str(name)) and not isinstance(child, dict | list)
            else plain(child)
            for name, child in value.items()
            if "expir" not in str(name).lower() and name not in DETAILS
        }  # fmt: skip
    if isinstance(value, str) and value.startswith("http"):
        return "a link"
    return [plain(child) for child in value] if isinstance(value, list | tuple) else value


def attempt(read: Callable[[], Any]) -> Any:
    try:
        return plain(read())
    except (APIError, ArtifactError) as error:
        return type(error).__name__


def reads(client: Any, rich: Rich) -> dict[str, Callable[[], Any]]:
    """Return everything that a client can read of the world, by a name."""
    sessions, recordings, meetings = client.sessions, client.recordings, client.meetings
    first, *_, last = (sessions.find(session_id).created_at for session_id in rich.sessions)
    found: dict[str, Callable[[], Any]] = {
        "sessions": partial(_all, sessions),
        "count": sessions.count,
        "first": sessions.first,
        "page 2": partial(sessions.where(per_page=1).page, 2),
        "beyond": partial(sessions.where(per_page=2).page, 9),
        "pages": partial(_pages, sessions, 3),
        "limit": partial(_all, sessions.limit(2)),
        "rooms": partial(sessions.find, rich.weekly.session_id, include_breakout_rooms=True),
        "no such session": partial(sessions.find, "no-such-session"),
        "no such peer": partial(sessions.find_participant_by_peer_id, "no-such-peer"),
        "recordings": partial(_all, recordings),
        "no such recording": partial(recordings.find, "no-such-recording"),
        "meetings": partial(_all, meetings),
        "no such meeting": partial(meetings.find, "no-such-meeting"),
    }
    filters: list[dict[str, Any]] = [
        {"status": "ENDED"}, {"status": "LIVE"}, {"associated_id": rich.weekly.meeting_id}, {"associated_id": "x"},
        {"participants": "1:1"}, {"participants": "2:2"}, {"participants": "3:9"}, {"participants": "0:9"},
        {"start_time": last}, {"end_time": first}, {"start_time": first, "end_time": last},
        {"search": "budget"}, {"search": "BUDGET"}, {"search": "%"}, {"search": rich.quiet.session_id},
        {"search": rich.quiet.session_id[:8]}, {"search": rich.weekly.meeting_id}, {"search": "nothing"},
    ]  # fmt: skip
    found |= _lists("sessions", sessions, filters)
    found |= _sorted("sessions", sessions, "created_at", "minutes_consumed")
    filters = [
        {"status": "UPLOADED"}, {"status": ["UPLOADED", "ERRORED"]}, {"status": "ERRORED"}, {"expired": False},
        {"meeting_id": rich.weekly.meeting_id}, {"meeting_id": "x"}, {"search": "budget"}, {"search": "WEEKLY"},
        {"search": rich.tracks.meeting_id}, {"search": "mp4"}, {"start_time": last}, {"end_time": first},
        {"start_time": first, "end_time": last}, {"per_page": 1, "page_no": 2},
    ]  # fmt: skip
    found |= _lists("recordings", recordings, filters)
    found |= _sorted("recordings", recordings, "invoked_time")
    filters = [
        {"search": "budget"}, {"search": "WEEKLY"}, {"search": rich.quiet.meeting_id}, {"search": "no"},
        {"status": "ACTIVE"}, {"status": "INACTIVE"}, {"start_time": last}, {"end_time": first}, {"per_page": 1},
    ]  # fmt: skip
    found |= _lists("meetings", meetings, filters)
    for held in (rich.weekly, rich.tracks, rich.quiet):
        found[f"meeting {held.meeting_id}"] = partial(meetings.find, held.meeting_id)
    for session_id in rich.sessions:
        found |= {f"{session_id} {name}": read for name, read in _of_session(client, session_id).items()}
    for recording in recordings.where():
        of_one = _of_recording(client, recording.id)
        found |= {f"recording {recording.id} {name}": read for name, read in of_one.items()}
    return found


def _of_session(client: Any, session_id: str) -> dict[str, Callable[[], Any]]:
    session = client.sessions.find(session_id)
    people = session.participants

    def fresh(artifact: str, method: str) -> Any:
        return getattr(getattr(client.sessions.find(session_id), artifact), method)()

    found: dict[str, Callable[[], Any]] = {
        "session": partial(client.sessions.find, session_id),
        "participants": partial(_all, people),
        "participants in pages": partial(_pages, people, 2),
        "no such participant": partial(people.find, "no-such-participant"),
        "chat": partial(fresh, "chat", "messages"),
        "chat file": partial(fresh, "chat", "read"),
        "transcript": partial(fresh, "transcript", "segments"),
        "summary": partial(fresh, "summary", "read"),
        "summary record": partial(fresh, "summary", "to_dict"),
        "quality": session.quality,
        "livestream sessions": session.livestream_sessions,
        "report": partial(_report, client, session_id),
    }
    filters: list[dict[str, Any]] = [
        {"include_peer_events": True}, {"view": "consolidated"}, {"view": "raw"}, {"search": "b"}, {"search": "BOB"},
        {"search": "user-bob"}, {"search": "user-"},
    ]  # fmt: skip
    found |= _lists("participants", people, filters)
    found |= _sorted("participants", people, "joined_at", "duration")
    for name in ("CSV", "JSON", "SRT", "VTT"):
        found[f"transcript as {name}"] = partial(_transcript, session, name, "read")
        found[f"segments from {name}"] = partial(_transcript, session, name, "segments")
    for peer in people.where():
        find = client.sessions.find_participant_by_peer_id
        for parts in (None, "events", ["device_info", "quality_stats"]):
            read = partial(find, peer.id, filters=parts, include_peer_events=bool(parts))
            found[f"report of {peer.id} {parts}"] = read
        found[f"participant {peer.id}"] = partial(people.find, peer.id)
    for record in session.livestream_sessions():
        found[f"livestream session {record.id}"] = partial(client.livestream_sessions.find, record.id)
    return found


def _of_recording(client: Any, recording_id: str) -> dict[str, Callable[[], Any]]:
    recording = client.recordings.find(recording_id)
    return {
        "record": partial(client.recordings.find, recording_id),
        "content": partial(_content, recording),
        "audio": partial(_content, recording.audio),
        **{f"track {number}": partial(_content, track) for number, track in enumerate(recording.tracks)},
    }


def _all(relation: Any, **filters: Any) -> Any:
    return relation.where(**filters).all()


def _pages(relation: Any, size: int) -> Any:
    return [list(page) for page in relation.where(per_page=size).pages()]


def _lists(name: str, relation: Any, filters: list[dict[str, Any]]) -> dict[str, Callable[[], Any]]:
    return {f"{name} {each}": partial(_all, relation, **each) for each in filters}


def _sorted(name: str, relation: Any, *fields: str) -> dict[str, Callable[[], Any]]:
    orders = [f"{sign}{field}" for field in fields for sign in ("", "-")]
    return {f"{name} by {order}": partial(_all, relation.order_by(order)) for order in orders}


def _transcript(session: Any, name: str, method: str) -> Any:
    return getattr(session.transcript_as(name), method)()


def _content(file: Any) -> bytes:
    buffer = io.BytesIO()
    file.download(buffer)
    return buffer.getvalue()


def _report(client: Any, session_id: str) -> str:
    return without_times(report.collect(client.sessions.find(session_id)).html())


def without_times(html: str) -> str:
    """Return a report without links, their expiries, and the time of its creation."""
    return re.sub(r" · available until [^<]*|https?://[^\"' <]+|Created [-0-9]+ [0-9:]+ UTC", "", html)


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Return what differs, in short."""
    assert before.keys() == after.keys()
    return {
        name: (json.dumps(before[name], default=repr)[:1500], json.dumps(after[name], default=repr)[:1500])
        for name in before
        if before[name] != after[name]
    }
