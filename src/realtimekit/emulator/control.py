"""The control plane: routes that simulate participants and time. RealtimeKit itself has none of them.

`Emulator`'s methods call the handlers of the same names, so both validate with the schemas declared here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtimekit.emulator import openapi, sample_events
from realtimekit.emulator.clock import MAX_ADVANCE_SECONDS
from realtimekit.emulator.faults import FAULTS
from realtimekit.emulator.queries import get_live_session, get_peer
from realtimekit.emulator.routes import CONTROL
from realtimekit.emulator.schema import (
    ANY,
    DATE_TIME,
    STRING,
    URI,
    Schema,
    array_of,
    enum,
    nullable,
    required,
    response_object,
)
from realtimekit.emulator.services.events import EVENTS
from realtimekit.emulator.services.lifecycle import END_REASONS

if TYPE_CHECKING:
    from realtimekit.emulator.context import Context
    from realtimekit.emulator.http import JSON

_EMPTY = response_object({})
_PEER = response_object({"session_id": STRING, "peer_id": STRING})
# After the start of the session; no further than the clock can be advanced.
_MILLISECONDS = Schema("integer", required=True, minimum=0, maximum=MAX_ADVANCE_SECONDS * 1000)
_CHAT = {"peer_id": required(STRING), "text": required(STRING)}
_BROADCAST = {"peer_id": required(STRING), "type": required(STRING), "payload": required(nullable(ANY))}
_SPEECH = {**_CHAT, "start_ms": _MILLISECONDS, "end_ms": _MILLISECONDS}

# --- participants -----------------------------------------------------------------------------------------------------


@CONTROL.add("POST", "/meetings/{meeting_id}/join", body={"participant_id": required(STRING)}, response=_PEER)
def join(context: Context) -> JSON:
    return _join(context, context.path_params["meeting_id"], context.body["participant_id"])


@CONTROL.add("POST", "/enter", body={"token": required(STRING)}, response=_PEER)
def enter(context: Context) -> JSON:
    claims = context.services.tokens.read(context.body["token"])
    return _join(context, claims["meetingId"], claims["participantId"])


def _join(context: Context, meeting_id: str, participant_id: str) -> JSON:
    peer = context.services.lifecycle.join(meeting_id, participant_id, context.now)
    return {"session_id": peer["session_id"], "peer_id": peer["id"]}


@CONTROL.add("POST", "/meetings/{meeting_id}/leave", body={"peer_id": required(STRING)}, response=_EMPTY)
def leave(context: Context) -> JSON:
    session = get_live_session(context.store, context.path_params["meeting_id"])
    peer = get_peer(context.store, session["id"], context.body["peer_id"])
    context.services.lifecycle.leave(peer, context.now)
    return {}


@CONTROL.add(
    "POST",
    "/meetings/{meeting_id}/end",
    body={"reason": enum(*END_REASONS)},
    response=response_object({"session_id": STRING}),
)
def end(context: Context) -> JSON:
    session = context.services.lifecycle.end(context.path_params["meeting_id"], context.now, **context.body)
    return {"session_id": session["id"]}


@CONTROL.add("POST", "/sessions/{session_id}/chat", body=_CHAT, response=response_object({"message_id": STRING}))
def chat(context: Context) -> JSON:
    session_id = context.path_params["session_id"]
    message = context.services.lifecycle.chat(session_id, **context.body, at=context.now)
    return {"message_id": message["id"]}


@CONTROL.add("POST", "/sessions/{session_id}/speech", body=_SPEECH, response=_EMPTY)
def speak(context: Context) -> JSON:
    context.services.lifecycle.speak(context.path_params["session_id"], **context.body)
    return {}


@CONTROL.add("POST", "/sessions/{session_id}/broadcast", body=_BROADCAST, response=_EMPTY)
def broadcast(context: Context) -> JSON:
    context.services.lifecycle.broadcast(context.path_params["session_id"], **context.body, at=context.now)
    return {}


# --- the emulator -----------------------------------------------------------------------------------------------------


@CONTROL.add(
    "POST",
    "/clock",
    body={"advance_seconds": Schema("number", required=True, minimum=0)},
    response=response_object({"now": DATE_TIME}),
)
def advance(context: Context) -> JSON:
    now = context.world.advance(context.body["advance_seconds"])
    context.services.webhooks.wake()
    return {"now": now}


@CONTROL.add("POST", "/reset", body={}, response=_EMPTY)
def reset(context: Context) -> JSON:
    context.services.reset()
    return {}


@CONTROL.add("GET", "/requests", response=response_object({"requests": array_of(ANY)}))
def requests(context: Context) -> JSON:
    return {"requests": context.services.request_log.entries()}


@CONTROL.add("GET", "/openapi.json", response=ANY)
def openapi_document(_context: Context) -> JSON:
    return openapi.document()


# --- faults -----------------------------------------------------------------------------------------------------------


@CONTROL.add("POST", "/faults", body=FAULTS, response=_EMPTY)
def add_faults(context: Context) -> JSON:
    context.services.faults.add(context.body["faults"])
    return {}


@CONTROL.add("GET", "/faults", response=response_object({"faults": array_of(ANY)}))
def faults(context: Context) -> JSON:
    return {"faults": context.services.faults.rules()}


@CONTROL.add("DELETE", "/faults", response=_EMPTY)
def clear_faults(context: Context) -> JSON:
    context.services.faults.clear()
    return {}


# --- webhook deliveries -----------------------------------------------------------------------------------------------


@CONTROL.add("GET", "/webhook-deliveries", response=response_object({"deliveries": array_of(ANY)}))
def webhook_deliveries(context: Context) -> JSON:
    return {"deliveries": context.services.webhooks.deliveries()}


@CONTROL.add("POST", "/webhook-deliveries/{delivery_id}/redeliver", body={}, response=_EMPTY)
def redeliver(context: Context) -> JSON:
    context.services.webhooks.redeliver(context.path_params["delivery_id"], context.now)
    return {}


@CONTROL.add(
    "POST",
    "/webhook-deliveries/trigger",
    body={"event": required(enum(*EVENTS)), "url": required(URI)},
    response=response_object({"delivery_id": STRING}),
)
def trigger(context: Context) -> JSON:
    event, url = context.body["event"], context.body["url"]
    return {"delivery_id": sample_events.send(context.world, context.services, event, url, context.now)}
