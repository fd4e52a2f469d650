"""The control plane over HTTP: plays the people and the weather. Each route calls the method of the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.routes import Routes
from realtimekit.emulator.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.emulator.emulator import Emulator

PREFIX = "/_emulator"
CONTROL = Routes(PREFIX)

_TEXT = Shape("text", required=True)
_MILLISECONDS = Shape("integer", required=True, minimum=0)


@CONTROL.add("POST", "/meetings/{meeting_id}/join", body={"participant_id": _TEXT})
def join(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    return emulator.join(**given)._asdict()


@CONTROL.add("POST", "/meetings/{meeting_id}/leave", body={"peer_id": _TEXT})
def leave(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    emulator.leave(**given)
    return {}


@CONTROL.add("POST", "/meetings/{meeting_id}/end", body={})
def end(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"session_id": emulator.end(**given)}


@CONTROL.add("POST", "/sessions/{session_id}/chat", body={"peer_id": _TEXT, "text": _TEXT})
def chat(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"message_id": emulator.chat(**given)}


@CONTROL.add(
    "POST",
    "/sessions/{session_id}/speech",
    body={"peer_id": _TEXT, "text": _TEXT, "start_ms": _MILLISECONDS, "end_ms": _MILLISECONDS},
)
def speech(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    emulator.speech(**given)
    return {}


@CONTROL.add("POST", "/clock", body={"advance_seconds": Shape("number", required=True, minimum=0)})
def clock(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"now": emulator.advance(given["advance_seconds"])}


@CONTROL.add("POST", "/reset", body={})
def reset(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as all of them
    emulator.reset()
    return {}


@CONTROL.add("GET", "/requests")
def requests(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as all of them
    return {"requests": emulator.requests()}
