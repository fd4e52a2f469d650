"""Participants' tokens: RS256, the documented claims, a hundred days."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from realtimekit import RealtimeKit
from realtimekit.emulator import Emulator, HTTPError
from realtimekit.transports.emulator import connected

if TYPE_CHECKING:
    from pathlib import Path

    from .world import World

HUNDRED_DAYS = 8_640_000


def issue(world: World) -> tuple[str, str, str]:
    """(meeting, participant, token)."""
    meeting_id = world.meeting()
    given = {"name": "Alice", "custom_participant_id": "alice", "preset_name": "group_call_host"}
    data = world.post(f"/meetings/{meeting_id}/participants", given).data
    return meeting_id, data["id"], data["token"]


def verified(world: World, token: str) -> dict[str, Any]:
    public = load_pem_private_key(world.emulator.world.store.meta("token_key").encode(), None).public_key()
    # the clock of the test may be behind the emulator's
    claims: dict[str, Any] = jwt.decode(token, public, algorithms=["RS256"], options={"verify_iat": False})  # type: ignore[arg-type]
    return claims


def test_claims(world: World) -> None:
    world.advance(3600)
    meeting_id, participant_id, token = issue(world)
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT"}
    claims = verified(world, token)
    assert claims.keys() == {"orgId", "meetingId", "participantId", "presetId", "iat", "exp"}
    assert (claims["orgId"], claims["meetingId"]) == (world.emulator.app_id, meeting_id)
    assert claims["participantId"] == participant_id
    assert claims["exp"] - claims["iat"] == HUNDRED_DAYS
    assert abs(claims["iat"] - datetime.fromisoformat(world.emulator.now()).timestamp()) < 10  # by the emulator's clock
    deleted = world.delete(f"/meetings/{meeting_id}/participants/{participant_id}").data
    assert deleted["preset_id"] == claims["presetId"]


def test_a_changed_token_is_not_valid(world: World) -> None:
    _, _, token = issue(world)
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["participantId"] = "somebody else"
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    with pytest.raises(jwt.InvalidSignatureError):
        verified(world, f"{head}.{forged}.{signature}")


def test_a_new_token_does_not_revoke_the_old(world: World) -> None:
    meeting_id, participant_id, first = issue(world)
    world.advance(2)
    second = world.post(f"/meetings/{meeting_id}/participants/{participant_id}/token").data["token"]
    assert second != first
    old, new = verified(world, first), verified(world, second)
    assert new["iat"] > old["iat"]
    assert {**new, "iat": 0, "exp": 0} == {**old, "iat": 0, "exp": 0}


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_changed_participant_gets_the_token_of_the_new_preset(world: World, method: str) -> None:
    meeting_id, participant_id, first = issue(world)
    body = {"custom_participant_id": "alice", "preset_name": "webinar_viewer"}
    path = f"{world.app}/meetings/{meeting_id}/participants/{participant_id}"
    second = world.call(method, path, body).data["token"]
    assert verified(world, second)["presetId"] != verified(world, first)["presetId"]


def test_tokens_are_in_no_list_and_no_log(world: World) -> None:
    meeting_id, participant_id, token = issue(world)
    again = world.post(f"/meetings/{meeting_id}/participants/{participant_id}/token").data["token"]
    listed = world.get(f"/meetings/{meeting_id}/participants").body
    log = world.control("/requests", method="GET").body
    for text in (listed, log, str(world.state()).encode(), repr(world.emulator).encode()):
        for secret in (token, again, token.rpartition(".")[2]):
            assert secret.encode() not in text
    assert world.emulator.api_token.encode() not in log
    assert world.emulator.api_token not in repr(world.emulator)


def test_a_token_lets_its_owner_in_as_a_browser(world: World) -> None:
    meeting_id, participant_id, token = issue(world)
    for joined in (world.emulator.enter(token)._asdict(), world.control("/enter", {"token": token}).json()):
        assert world.get(f"/meetings/{meeting_id}/active-session").data["id"] == joined["session_id"]
        peer = world.get(f"/sessions/{joined['session_id']}/participants/{joined['peer_id']}").data["participant"]
        assert peer["user_id"] == participant_id


def test_the_token_of_a_deleted_participant_is_refused(world: World) -> None:
    meeting_id, participant_id, token = issue(world)
    again = world.post(f"/meetings/{meeting_id}/participants/{participant_id}/token").data["token"]
    world.delete(f"/meetings/{meeting_id}/participants/{participant_id}")
    for revoked in (token, again):
        assert world.control("/enter", {"token": revoked}).status == 404


def test_a_token_expires_after_a_hundred_days(world: World) -> None:
    token = issue(world)[2]
    world.advance(HUNDRED_DAYS - 10)
    assert world.control("/enter", {"token": token}).status == 200
    world.advance(10)
    response = world.control("/enter", {"token": token})
    assert (response.status, response.json()["error"]["message"]) == (401, "the token has expired")


@pytest.mark.parametrize(
    "change", [lambda token: token[:-4] + "AAAA", lambda token: "x", lambda token: token + "\u00e9"]
)
def test_a_forged_token_is_refused(world: World, change: Any) -> None:
    response = world.control("/enter", {"token": change(issue(world)[2])})
    assert (response.status, response.json()["error"]["message"]) == (401, "this is not a token of this emulator")


def test_a_refused_token_does_not_cost_the_key(tmp_path: Path) -> None:
    """The first use of the key is rolled back with the refusal; tokens that it signs later survive a restart."""
    with Emulator(tmp_path / "kit.db") as emulator:
        with pytest.raises(HTTPError, match="not a token of this emulator"):
            emulator.enter("garbage")
        client = RealtimeKit(**connected(emulator))
        meeting = client.meetings.create()
        person = meeting.participants.create(custom_participant_id="a", preset_name="group_call_host")
        assert person.token is not None
        token = person.token.reveal()
    with Emulator(tmp_path / "kit.db") as emulator:
        assert emulator.enter(token).session_id
