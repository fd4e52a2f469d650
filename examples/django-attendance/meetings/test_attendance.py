"""A meeting on an emulator, and what the webhook, the command and the page make of it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from realtimekit import RealtimeKit
from realtimekit.emulator import Emulator
from realtimekit.testing import signed_delivery

from .models import Visit

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def meeting_id(realtimekit_emulator: Emulator, realtimekit_client: RealtimeKit) -> str:
    """A session that is over: of a person with two devices, and of one who stayed for 20 minutes."""
    meeting = realtimekit_client.meetings.create(title="Weekly")
    add = meeting.participants.create
    alice = add(name="Alice", custom_participant_id="user-1", preset_name="group_call_host")
    guest = add(name=HOSTILE, custom_participant_id="user-2", preset_name="group_call_participant")
    realtimekit_emulator.join(meeting.id, alice.id)
    realtimekit_emulator.join(meeting.id, alice.id)
    peer = realtimekit_emulator.join(meeting.id, guest.id)
    realtimekit_emulator.advance(20 * 60)
    realtimekit_emulator.leave(meeting.id, peer.peer_id)
    realtimekit_emulator.advance(40 * 60)
    realtimekit_emulator.end(meeting.id)
    return meeting.id


def deliver(body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    response = Client().post("/webhooks", body, content_type="application/json", headers=headers)
    return response.status_code, response.content.decode()


def stored() -> dict[str, int]:
    return {visit.person_id: round(visit.minutes) for visit in Visit.objects.all()}


def test_a_webhook_stores_who_was_there(meeting_id: str) -> None:
    body, headers = signed_delivery("meeting.ended")
    assert deliver(body + b" ", headers)[0] == 401
    assert stored() == {}
    assert deliver(body, headers) == (200, "handled")
    assert deliver(body, headers) == (200, "already handled")
    assert stored() == {"user-1": 60, "user-2": 20}


def test_an_api_that_is_down_gets_the_event_again(meeting_id: str, realtimekit_emulator: Emulator) -> None:
    body, headers = signed_delivery("meeting.ended")
    realtimekit_emulator.add_fault(path="*/participants", status=429, headers={"Retry-After": "300"}, times=1)
    assert deliver(body, headers)[0] == 500
    assert deliver(body, headers) == (200, "handled")
    assert stored() == {"user-1": 60, "user-2": 20}


def test_the_command_stores_what_no_webhook_told(meeting_id: str, realtimekit_emulator: Emulator) -> None:
    call_command("sync_attendance")
    call_command("sync_attendance")
    assert stored() == {"user-1": 60, "user-2": 20}
    realtimekit_emulator.add_fault(status=401)
    with pytest.raises(CommandError, match="401"):
        call_command("sync_attendance")


def test_the_page_is_for_those_who_are_logged_in(meeting_id: str) -> None:
    call_command("sync_attendance")
    web, url = Client(), f"/meetings/{meeting_id}/attendance"
    assert web.get(url).status_code == 302
    web.force_login(User.objects.create_user("anna"))
    page = web.get(url).content.decode()
    assert "<td>60</td>" in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert web.get("/meetings/another/attendance").status_code == 404


def test_the_migrations_are_complete() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
