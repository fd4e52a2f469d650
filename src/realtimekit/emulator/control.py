"""The control plane over HTTP: plays the people and the weather. Each route calls the method of the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator import samples
from realtimekit.emulator.clock import FURTHEST
from realtimekit.emulator.faults import FAULTS
from realtimekit.emulator.operations.webhooks import EVENTS
from realtimekit.emulator.routes import Routes
from realtimekit.emulator.shapes import ANY, TEXT, TIME, URI, Shape, list_of, needed, one_of, record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.emulator.emulator import Emulator

PREFIX = "/_emulator"
CONTROL = Routes(PREFIX)

_NOTHING = record({})
# Since a session began; no longer than the clock can be moved.
_MILLISECONDS = Shape("integer", required=True, minimum=0, maximum=FURTHEST * 1000)
JOIN = {"participant_id": needed(TEXT)}
ENTER = {"token": needed(TEXT)}
CHAT = {"peer_id": needed(TEXT), "text": needed(TEXT)}
TRIGGER = {"event": needed(one_of(*EVENTS)), "url": needed(URI)}
SPEECH = {**CHAT, "start_ms": _MILLISECONDS, "end_ms": _MILLISECONDS}


@CONTROL.add(
    "POST",
    "/meetings/{meeting_id}/join",
    body=JOIN,
    answer=record({"session_id": TEXT, "peer_id": TEXT}),
)
def join(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    return emulator.join(**given)._asdict()


@CONTROL.add("POST", "/enter", body=ENTER, answer=record({"session_id": TEXT, "peer_id": TEXT}))
def enter(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    return emulator.enter(**given)._asdict()


@CONTROL.add("POST", "/meetings/{meeting_id}/leave", body={"peer_id": needed(TEXT)}, answer=_NOTHING)
def leave(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    emulator.leave(**given)
    return {}


@CONTROL.add("POST", "/meetings/{meeting_id}/end", body={}, answer=record({"session_id": TEXT}))
def end(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"session_id": emulator.end(**given)}


@CONTROL.add(
    "POST",
    "/sessions/{session_id}/chat",
    body=CHAT,
    answer=record({"message_id": TEXT}),
)
def chat(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"message_id": emulator.chat(**given)}


@CONTROL.add(
    "POST",
    "/sessions/{session_id}/speech",
    body=SPEECH,
    answer=_NOTHING,
)
def speech(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    emulator.speech(**given)
    return {}


@CONTROL.add(
    "POST", "/clock", body={"advance_seconds": Shape("number", required=True, minimum=0)}, answer=record({"now": TIME})
)
def clock(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"now": emulator.advance(given["advance_seconds"])}


@CONTROL.add("POST", "/reset", body={}, answer=_NOTHING)
def reset(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as all of them
    emulator.reset()
    return {}


@CONTROL.add("GET", "/requests", answer=record({"requests": list_of(ANY)}))
def requests(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as all of them
    return {"requests": emulator.requests()}


@CONTROL.add("POST", "/faults", body=FAULTS, answer=_NOTHING)
def add_faults(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    emulator.add_faults(**given)
    return {}


@CONTROL.add("GET", "/faults", answer=record({"faults": list_of(ANY)}))
def faults(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as all of them
    return {"faults": emulator.faults()}


@CONTROL.add("DELETE", "/faults", answer=_NOTHING)
def clear_faults(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as all of them
    emulator.clear_faults()
    return {}


@CONTROL.add("GET", "/webhook-deliveries", answer=record({"deliveries": list_of(ANY)}))
def webhook_deliveries(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as all of them
    return {"deliveries": emulator.webhook_deliveries()}


@CONTROL.add("POST", "/webhook-deliveries/{delivery_id}/redeliver", body={}, answer=_NOTHING)
def redeliver(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    emulator.redeliver(**given)
    return {}


@CONTROL.add("POST", "/webhook-deliveries/trigger", body=TRIGGER, answer=record({"delivery_id": TEXT}))
def trigger(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"delivery_id": samples.send(emulator, **given)}


@CONTROL.add("GET", "/openapi.json", answer=ANY)
def openapi(emulator: Emulator, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - as all of them
    from realtimekit.emulator.description import describe  # noqa: PLC0415 - only where somebody asks

    return describe()
