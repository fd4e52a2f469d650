"""One signed sample of an event, sent by an emulator."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.output import clean
from realtimekit.webhooks.events import event_from

if TYPE_CHECKING:
    from realtimekit.emulator.remote import RemoteEmulator

PATIENCE = 30.0  # seconds; the emulator itself waits 10 for an answer
LOOK_AGAIN = 0.05  # seconds


def trigger(origin: str, event: str, url: str, *, as_json: bool) -> bool:
    """Have a sample sent, and print what became of it. Returns whether it was delivered."""
    from realtimekit.emulator.http import HTTPError  # noqa: PLC0415 - as above
    from realtimekit.emulator.remote import RemoteEmulator  # noqa: PLC0415 - the SDK and the emulator share the wire

    emulator = RemoteEmulator(f"{origin}/_emulator")
    try:
        delivery_id = emulator.trigger(event, url)
        delivery = _tried(emulator, delivery_id)
    except HTTPError as error:
        raise click.ClickException(clean(str(error)).plain.replace("\n", " ")) from None
    if as_json:
        click.echo(json.dumps(delivery, indent=2))
    else:
        click.echo(clean(_outcome(delivery)).plain)
    return bool(delivery["state"] == "delivered")


def _tried(emulator: RemoteEmulator, delivery_id: str) -> dict[str, Any]:
    """The delivery, once an attempt was made."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        found = next((one for one in emulator.webhook_deliveries() if one["id"] == delivery_id), None)
        if found is not None and found["attempts"]:
            return found
        time.sleep(LOOK_AGAIN)
    raise click.ClickException(f"the emulator did not send {delivery_id} within {PATIENCE:g} s")


def _outcome(delivery: dict[str, Any]) -> str:
    last = delivery["attempts"][-1]
    answer = f"answered {last['status']}" if "status" in last else f"did not answer: {last['error']}"
    ends = {
        "delivered": "delivered",
        "failed": "failed for good: it will not be tried again",
        "pending": f"will be tried again at {delivery['due_at']} of the emulator's clock",
    }
    outcome = f"{delivery['url']} {answer}; {ends[delivery['state']]} (delivery {delivery['id']})"
    return f"{delivery['event']} of {_subject(delivery['body'])}: {outcome}"


def _subject(told: dict[str, Any]) -> str:
    from realtimekit.emulator.sample_events import PLACEHOLDER_ID_PREFIX  # noqa: PLC0415 - as above

    session_id = event_from(told).session_id or "unknown"
    made_up = (
        " (made up: there is none yet that it could be of)" if session_id.startswith(PLACEHOLDER_ID_PREFIX) else ""
    )
    return f"the session {session_id}{made_up}"
