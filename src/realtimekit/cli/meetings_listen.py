"""`realtimekit meetings listen`: captions and presence of a meeting, as they come."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from realtimekit.cli.console import echo
from realtimekit.cli.shutdown import OUTPUT_TIMEOUT, Shutdown, exit_without_output
from realtimekit.errors import DecodeError
from realtimekit.live import (
    BroadcastReceived,
    Gap,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantsKicked,
    SessionEnded,
    SessionStarted,
    TranscriptReceived,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtimekit.live import Events, Listener, LiveEvent


def listen(listener: Listener[Any], *, as_json: bool, partials: bool) -> None:
    """Print the events of a meeting until it ends, or SIGINT or SIGTERM. The agent leaves either way.

    Args:
        listener: what listens.
        as_json: whether to print a line of JSON for each event.
        partials: whether to print transcripts that are not final.
    """
    with listener as events, Shutdown() as shutdown:
        echo("Listening. Press Ctrl-C to stop.", err=True)
        failures: list[BaseException] = []

        def print_event(event: LiveEvent) -> None:
            if partials or not isinstance(event, TranscriptReceived) or event.is_final:
                (_print_json if as_json else _print_line)(event)

        def print_all() -> None:
            _print_all(events, print_event, failures)
            shutdown.request()

        thread = threading.Thread(target=print_all, daemon=True)
        thread.start()
        shutdown.wait()
        events.leave()
        thread.join(OUTPUT_TIMEOUT)
        if thread.is_alive():
            exit_without_output()
    for failure in failures:
        raise failure


def _print_all(events: Events, print_event: Callable[[LiveEvent], None], failures: list[BaseException]) -> None:
    try:
        for event in events:
            print_event(event)
    except BaseException as error:  # noqa: BLE001 - raised in the main thread
        failures.append(error)


def _print_json(event: LiveEvent) -> None:
    echo(json.dumps({"name": event.name, "session_id": event.session_id, "data": event.to_dict()}))


def _print_line(event: LiveEvent) -> None:
    try:
        echo(next((line(event) for kind, line in _LINES.items() if isinstance(event, kind)), event.name))
    except DecodeError as error:  # participants send what they like in broadcasts
        echo(f"({error})")


def _name(participant: Any) -> str:
    return str(participant.display_name or participant.custom_participant_id or participant.peer_id)


def _waits(event: ParticipantJoined) -> str:
    return " (waits to be let in)" if event.participant.waitlisted else ""


_LINES: dict[type[Any], Callable[[Any], str]] = {
    TranscriptReceived: lambda event: f"{_name(event.speaker)}: {event.text}{'' if event.is_final else ' ...'}",
    ParticipantJoined: lambda event: f"-> {_name(event.participant)}{_waits(event)}",
    ParticipantLeft: lambda event: f"<- {_name(event.participant)}",
    BroadcastReceived: lambda event: f"[{event.type}] {json.dumps(event.payload)}",
    Gap: lambda event: f"(events since {event.since:%H:%M:%S} UTC may be missing: {event.reason})",
    SessionStarted: lambda event: f"The agent is in session {event.session_id}",
    ParticipantsKicked: lambda _: "Everybody was removed",
    SessionEnded: lambda event: f"The session ended: {event.reason}",
}
