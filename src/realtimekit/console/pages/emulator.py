"""The controls of an emulator: its participants, clock, faults, webhooks, and the requests that it received."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.responses import RedirectResponse

from realtimekit.console.forms import BadInputError, number, page_number, path_id, required, text
from realtimekit.console.lists import PAGE_SIZE
from realtimekit.report.fields import get_field

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from realtimekit import Meeting, Session
    from realtimekit.console.console import Console
    from realtimekit.emulator.remote import RemoteEmulator
    from realtimekit.flow import Sync

NEWEST = 200  # requests and deliveries that a page shows
SPEECH_MS_PER_CHARACTER = 60
MAX_SECONDS = 3660 * 24 * 3600
FAULT_NUMBERS = ("status", "times", "latency_seconds", "probability")


def control(console: Console) -> RemoteEmulator:
    """Return the emulator.

    Raises:
        BadInputError: there is no emulator.
    """
    if console.emulator is None:
        raise BadInputError("This page needs an emulator: `realtimekit emulator` starts one.", 404)
    return console.emulator


# --- people -----------------------------------------------------------------------------------------------------------


def index(console: Console, request: Request) -> Response:
    """The clock, and the meetings."""
    now = control(console).advance(0)
    page = page_number(request.query_params)
    found = console.client.run(console.client.meetings.page_size(PAGE_SIZE)._fetch_page(page))
    live = {get_field(one, "associated_id") for one in console.client.sessions.where(status="LIVE").limit(PAGE_SIZE)}
    return console.render(
        request, "emulator.html", now=now, meetings=found.records, live=live, given=request.query_params, page=page,
        has_next=len(found.records) == PAGE_SIZE,
    )  # fmt: skip


def meeting(console: Console, request: Request) -> Response:
    """The people of a meeting: who may join, and who is there."""
    now = control(console).advance(0)
    found = console.client.meetings.find(path_id(request, "meeting_id"))
    session = _live(found)
    peers = [] if session is None else [one for one in session.participants if get_field(one, "left_at") is None]
    return console.render(
        request, "emulator_meeting.html", now=now, meeting=found, session=session, peers=peers,
        participants=found.participants.limit(NEWEST).all(),
        presets=[preset.name for preset in console.client.presets.limit(NEWEST)],
    )  # fmt: skip


def _live(found: Meeting[Sync]) -> Session[Sync] | None:
    return found.sessions.where(status="LIVE").first()


def _of(meeting_id: str) -> Response:
    return RedirectResponse(f"/emulator/meetings/{quote(meeting_id, safe='')}", 303)


def create_meeting(console: Console, _: Request, fields: dict[str, str]) -> Response:
    control(console)
    options: dict[str, Any] = {
        name: True for name in ("record_on_start", "transcribe_on_end", "summarize_on_end") if name in fields
    }
    made = console.client.meetings.create(title=required(fields, "title", "a title"), **options)
    return _of(made.id)


def add_participant(console: Console, request: Request, fields: dict[str, str]) -> Response:
    control(console)
    name = required(fields, "name", "a name")
    console.client.meetings.ref(path_id(request, "meeting_id")).participants.create(
        name=name,
        custom_participant_id=text(fields, "custom_participant_id") or name,
        preset_name=required(fields, "preset_name", "a preset"),
    )
    return _of(path_id(request, "meeting_id"))


def act(console: Console, request: Request, fields: dict[str, str]) -> Response:
    """What somebody does in a meeting: `do` says it."""
    emulator, meeting_id = control(console), path_id(request, "meeting_id")
    match fields.get("do"):
        case "join":
            emulator.join(meeting_id, required(fields, "participant_id", "a participant"))
        case "leave":
            emulator.leave(meeting_id, required(fields, "peer_id", "a peer"))
        case "end":
            session_id = emulator.end(meeting_id)
            console.notify(f"The session {session_id} has ended.")
        case "say":
            _say(console, emulator, meeting_id, fields)
        case _:
            raise BadInputError("There is no such action.")
    return _of(meeting_id)


def _say(console: Console, emulator: RemoteEmulator, meeting_id: str, fields: dict[str, str]) -> None:
    session = _live(console.client.meetings.find(meeting_id))
    if session is None:
        raise BadInputError("Nobody is in this meeting: let somebody join first.")
    peer_id, words = required(fields, "peer_id", "who says it"), required(fields, "text", "some words")
    if fields.get("how") == "write":
        emulator.chat(session.id, peer_id, words)
        return
    now, started = datetime.fromisoformat(emulator.advance(0)), session.started_at or session.created_at
    start_ms = 0 if started is None else max(round((now - started).total_seconds() * 1000), 0)
    length = SPEECH_MS_PER_CHARACTER * len(words)
    emulator.speak(session.id, peer_id, words, start_ms, start_ms + length)
    emulator.advance(length / 1000)  # the next one speaks after that


# --- the clock and the rest -------------------------------------------------------------------------------------------


def clock(console: Console, _: Request, fields: dict[str, str]) -> Response:
    seconds = number(fields, "seconds", "The time in seconds", most=MAX_SECONDS)
    if seconds is None:
        raise BadInputError("Enter the time in seconds.")
    now = control(console).advance(seconds)
    console.notify(f"The clock of the emulator is at {now}.")
    return RedirectResponse("/emulator", 303)


def reset(console: Console, _: Request, fields: dict[str, str]) -> Response:
    if "sure" not in fields:
        raise BadInputError("Confirm that all data of the emulator will be deleted.")
    control(console).reset()
    console.notify("The emulator was reset.")
    return RedirectResponse("/emulator", 303)


def requests(console: Console, request: Request) -> Response:
    """The requests to the emulator, the newest first."""
    entries = control(console).requests()
    return console.render(request, "emulator_requests.html", entries=entries[: -NEWEST - 1 : -1], total=len(entries))


# --- faults -----------------------------------------------------------------------------------------------------------


def faults(console: Console, request: Request) -> Response:
    return console.render(request, "emulator_faults.html", faults=control(console).faults())


def change_faults(console: Console, _: Request, fields: dict[str, str]) -> Response:
    """Add a fault, from fields or as JSON, or remove all."""
    emulator = control(console)
    if "clear" in fields:
        emulator.clear_faults()
        return RedirectResponse("/emulator/faults", 303)
    rule: dict[str, Any] = {name: value for name in ("method", "path", "cut") if (value := text(fields, name))}
    for name in FAULT_NUMBERS:
        if (found := number(fields, name, name)) is not None:
            rule[name] = int(found) if found.is_integer() else found
    more = text(fields, "json")
    if more is not None:
        try:
            given = json.loads(more)
        except (ValueError, RecursionError):
            raise BadInputError("The other fields of the fault must be JSON.") from None
        if not isinstance(given, dict):
            raise BadInputError("The other fields of the fault must be a JSON object.")
        rule |= given
    emulator.add_faults([rule])  # type: ignore[list-item]  # the emulator says what is wrong with it
    console.notify("The fault is active.")
    return RedirectResponse("/emulator/faults", 303)


# --- webhooks ---------------------------------------------------------------------------------------------------------


def webhooks(console: Console, request: Request) -> Response:
    """The deliveries, the newest first."""
    deliveries = control(console).webhook_deliveries()
    return console.render(
        request, "emulator_webhooks.html", deliveries=deliveries[: -NEWEST - 1 : -1], total=len(deliveries),
        webhooks=console.client.webhooks.all(), events=console.client.webhooks.events(),
    )  # fmt: skip


def change_webhooks(console: Console, _: Request, fields: dict[str, str]) -> Response:
    """Deliver once more, or send a sample of an event."""
    emulator = control(console)
    if "redeliver" in fields:
        emulator.redeliver(fields["redeliver"])
        console.notify("The event is being delivered again.")
    else:
        emulator.trigger(required(fields, "event", "an event"), required(fields, "url", "the URL of a receiver"))
        console.notify("The sample is being delivered.")
    return RedirectResponse("/emulator/webhooks", 303)
