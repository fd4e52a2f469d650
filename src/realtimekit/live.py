"""Live meetings: transcripts, presence and broadcasts as they happen, through an agent that joins the meeting.

    with meeting.listen(name="Notes bot", preset_name="group_call_participant") as events:
        for segment in events.segments():
            print(segment.speaker, segment.text)

`connect(token)` does the same from a participant's token alone. Needs the extra `live`:
`pip install 'realtimekit[live]'`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from realtimekit.agent.backlog import MAX_BYTES
from realtimekit.agent.errors import ConnectionReplacedError, LiveError, UpstreamRejectedError
from realtimekit.flow import F, Runner
from realtimekit.kwargs import validate_type
from realtimekit.resources.captions import Caption, Captions
from realtimekit.resources.listener import AsyncEvents, Events, Listener, Subscription
from realtimekit.resources.live_event import (
    BroadcastReceived,
    Gap,
    LiveEvent,
    LiveParticipant,
    ParticipantEvent,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantsKicked,
    SessionEnded,
    SessionStarted,
    Speaker,
    TranscriptReceived,
    UnknownEvent,
)
from realtimekit.resources.participant_token import ParticipantToken
from realtimekit.settings import Secret, resolve_agent_url, validate_timeout

__all__ = [
    "AsyncEvents",
    "BroadcastReceived",
    "Caption",
    "Captions",
    "ConnectionReplacedError",
    "Events",
    "Gap",
    "Listener",
    "LiveError",
    "LiveEvent",
    "LiveParticipant",
    "ParticipantEvent",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantsKicked",
    "SessionEnded",
    "SessionStarted",
    "Speaker",
    "TranscriptReceived",
    "UnknownEvent",
    "UpstreamRejectedError",
    "connect",
]


def connect(
    token: ParticipantToken | str,
    /,
    *,
    client: Runner[F] | None = None,
    subscriptions: Sequence[Subscription | str] = ("transcript", "participant"),
    max_idle: float | None = None,
    max_backlog: int = MAX_BYTES,
    agent_url: str | None = None,
    timeout: float = 30.0,
) -> Listener[F]:
    """Listen to a meeting with a participant's token: the agent joins as that participant.

    `with realtimekit.live.connect(token) as events`, or `async with`.

    `meeting.listen(...)` adds a participant first. Source: `GET /agent-ws/v1`.

    Args:
        token: a participant's token; it selects the meeting. It appears in no message, log or repr.
        client: for `event.session` and the like; without it, the default client, if it is needed.
        subscriptions: some of "transcript", "participant" and "broadcast".
        max_idle: seconds alone in the meeting after which the agent leaves; by default it stays. Without a client, it
            does not notice silent participants who joined before it.
        max_backlog: bytes of events that may wait to be read; then they wait on the server (32 MiB).
        agent_url: the URL of live meetings (REALTIMEKIT_AGENT_URL); by default derived from the URL of the API.
        timeout: seconds to open a connection.

    Raises:
        TypeError, ValueError: the token is not a token, or an option is invalid.
        ConfigurationError: the extra `live` is missing, or the URL is invalid.

    Entering it raises AuthenticationError (the token is not valid), another `APIError`, or `APIConnectionError`.
    Iterating raises the same if the connection cannot be resumed, and `LiveError` if the server closes it for good.
    """
    if isinstance(token, str):
        token = Secret(token)
    participant_token = _validate_token(token)
    if client is not None:
        validate_type("client", client, Runner, "a RealtimeKit or an AsyncRealtimeKit")

    return Listener(
        client,
        participant_token,
        agent_url=resolve_agent_url(agent_url, client.settings if client else None),
        timeout=validate_timeout(timeout),
        subscriptions=subscriptions,
        max_idle=max_idle,
        max_backlog=max_backlog,
    )


def _validate_token(token: Any) -> ParticipantToken:
    validate_type("token", token, (ParticipantToken, str), "a participant's token, such as `participant.token`")
    text = token.reveal() if isinstance(token, ParticipantToken) else Secret(token.strip())
    if not text:
        raise ValueError("the token is empty: pass a participant's token, such as `participant.token`")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("the token contains a space, a control or a non-ASCII character: copy the token again")
    return ParticipantToken(text)
