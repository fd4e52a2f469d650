"""`realtimekit webhooks trigger`: one signed sample of an event, delivered by an emulator."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.console import echo, safe_line
from realtimekit.webhooks.events import parse_event

if TYPE_CHECKING:
    from realtimekit.emulator.remote import RemoteEmulator

MAX_WAIT = 30.0  # seconds; the emulator itself waits 10 for a response
POLL_INTERVAL = 0.05  # seconds


def trigger(origin: str, event: str, url: str, *, as_json: bool) -> bool:
    """Make the emulator deliver a sample, print the result, and return whether it was delivered."""
    from realtimekit.emulator.http import HTTPError
    from realtimekit.emulator.remote import RemoteEmulator  # the SDK shares only HTTP with the emulator

    emulator = RemoteEmulator(f"{origin}/_emulator")
    try:
        delivery_id = emulator.trigger(event, url)
        delivery = _wait_for_attempt(emulator, delivery_id)
    except HTTPError as error:
        raise click.ClickException(safe_line(error).plain) from None
    if as_json:
        click.echo(json.dumps(delivery, indent=2))
    else:
        echo(_describe(delivery))
    return bool(delivery["state"] == "delivered")


def _wait_for_attempt(emulator: RemoteEmulator, delivery_id: str) -> dict[str, Any]:
    """Return the delivery as soon as one attempt has been made."""
    deadline = time.monotonic() + MAX_WAIT
    while time.monotonic() < deadline:
        delivery = next((item for item in emulator.webhook_deliveries() if item["id"] == delivery_id), None)
        if delivery is not None and delivery["attempts"]:
            return delivery
        time.sleep(POLL_INTERVAL)
    raise click.ClickException(f"the emulator did not send {delivery_id} within {MAX_WAIT:g} s")


def _describe(delivery: dict[str, Any]) -> str:
    last = delivery["attempts"][-1]
    response = f"returned {last['status']}" if "status" in last else f"did not respond: {last['error']}"
    states = {
        "delivered": "delivered",
        "failed": "failed for good: it will not be retried",
        "pending": f"will be retried at {delivery['due_at']} by the emulator's clock",
    }
    outcome = f"{delivery['url']} {response}; {states[delivery['state']]} (delivery {delivery['id']})"
    return f"{delivery['event']} of {_describe_session(delivery['body'])}: {outcome}"


def _describe_session(body: dict[str, Any]) -> str:
    from realtimekit.emulator.sample_events import PLACEHOLDER_ID_PREFIX

    session_id = parse_event(body).session_id or "unknown"
    made_up = " (made up: there is no suitable one yet)" if session_id.startswith(PLACEHOLDER_ID_PREFIX) else ""
    return f"the session {session_id}{made_up}"
