"""Requests that are refused before any operation: wrong tokens, accounts, apps, routes and methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .shape import NOT_FOUND, error, gateway_error, must_be, text

if TYPE_CHECKING:
    from .world import World

OPERATIONS = [
    ("GET", "/apps"),
    ("POST", "/apps"),
    ("GET", "/apps/A"),
    ("GET", "/A/meetings"),
    ("POST", "/A/meetings"),
    ("GET", "/A/meetings/M"),
    ("PATCH", "/A/meetings/M"),
    ("PUT", "/A/meetings/M"),
    ("GET", "/A/meetings/M/participants"),
    ("POST", "/A/meetings/M/participants"),
    ("GET", "/A/meetings/M/participants/P"),
    ("PATCH", "/A/meetings/M/participants/P"),
    ("PUT", "/A/meetings/M/participants/P"),
    ("DELETE", "/A/meetings/M/participants/P"),
    ("POST", "/A/meetings/M/participants/P/token"),
    ("GET", "/A/meetings/M/active-session"),
    ("POST", "/A/meetings/M/active-session/kick"),
    ("POST", "/A/meetings/M/active-session/kick-all"),
    ("GET", "/A/livestreams/sessions/L"),
    ("GET", "/A/sessions"),
    ("GET", "/A/sessions/S"),
    ("GET", "/A/sessions/S/participants"),
    ("GET", "/A/sessions/S/participants/P"),
    ("GET", "/A/sessions/S/chat"),
    ("GET", "/A/sessions/S/transcript"),
    ("GET", "/A/sessions/S/summary"),
    ("POST", "/A/sessions/S/summary"),
    ("GET", "/A/sessions/S/livestream-sessions"),
    ("GET", "/A/sessions/peer-report/P"),
]
each_operation = pytest.mark.parametrize(("method", "path"), OPERATIONS)


@each_operation
def test_no_token(world: World, method: str, path: str) -> None:
    target = world.kit + path.replace("/A", f"/{world.emulator.app_id}")
    before = world.state()
    response = world.send(method, target)
    assert response.status == 401
    assert response.json() == gateway_error(10000, "Authentication error")
    assert world.state() == before


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer {token}x",
        "Bearer  {token}",
        "Basic {token}",
        "{token}",
        "Bearer é",
    ],
)
def test_wrong_tokens(world: World, header: str) -> None:
    given = {"Authorization": header.format(token=world.emulator.api_token)}
    response = world.send("GET", f"{world.kit}/apps", None, given)
    assert response.status == 401
    assert response.json() == gateway_error(10000, "Authentication error")


def test_the_right_token_in_the_scheme_s_other_casing(world: World) -> None:
    header = {"authorization": f"bearer {world.emulator.api_token}"}
    assert world.send("GET", f"{world.kit}/apps", None, header).status == 200


@each_operation
def test_unknown_account(world: World, method: str, path: str) -> None:
    target = "/client/v4/accounts/nobody/realtime/kit" + path.replace("/A", f"/{world.emulator.app_id}")
    before = world.state()
    response = world.call(method, target, {} if method in {"POST", "PUT", "PATCH"} else None)
    assert response.status == 404
    must_be(response.json(), gateway_error(7003, text))
    assert target in response.json()["errors"][0]["message"]
    assert world.state() == before


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path in OPERATIONS if path != "/apps"])
def test_unknown_app(world: World, method: str, path: str) -> None:
    before = world.state()
    response = world.call(method, world.kit + path.replace("/A", "/nothing"), {} if method != "GET" else None)
    assert response.status == 404
    assert response.json() == NOT_FOUND
    assert world.state() == before


@pytest.mark.parametrize(
    ("method", "path", "near"),
    [
        ("GET", "/meeting", "GET /{app_id}/meetings"),
        ("DELETE", "/session/x", "GET /{app_id}/sessions/{session_id}"),
        ("POST", "/meetings/x/participant", "POST /{app_id}/meetings/{meeting_id}/participants"),
        ("GET", "/sessions/x/transcripts", "GET /{app_id}/sessions/{session_id}/transcript"),
        ("GET", "/meetings/x/sessions", "GET /{app_id}/meetings/{meeting_id}"),
    ],
)
def test_an_unknown_route_names_the_near_ones(world: World, method: str, path: str, near: str) -> None:
    response = world.call(method, world.app + path)
    assert response.status == 404
    message = response.json()["error"]["message"]
    assert response.json() == error(404, message)
    assert f"{method} {world.app}{path}" in message
    assert near in message
    # Whatever the id of the app is.
    response = world.call(method, world.app.replace(world.app.rpartition("/")[2], "eeessssioness-livestreams") + path)
    assert response.json()["error"]["message"].partition("; near")[2] == message.partition("; near")[2]


@pytest.mark.parametrize("target", ["/", "/client/v4", "/client/v4/", "//", "/files", "/_emulatorx", "/client/v4/user"])
def test_unknown_paths(world: World, target: str) -> None:
    response = world.call("GET", target)
    assert response.status == 404
    assert response.json()["success"] is False
    assert world.send("GET", target).status == 401


@pytest.mark.parametrize(
    ("method", "path", "takes"),
    [
        ("DELETE", "/meetings/x", {"GET", "PATCH", "PUT"}),
        ("PATCH", "/meetings", {"GET", "POST"}),
        ("GET", "/meetings/x/active-session/kick", {"POST"}),
        ("DELETE", "/sessions/x", {"GET"}),
        ("OPTIONS", "/sessions", {"GET"}),
        ("BREW", "/sessions", {"GET"}),
    ],
)
def test_a_wrong_method_names_the_right_ones(world: World, method: str, path: str, takes: set[str]) -> None:
    response = world.call(method, world.app + path)
    assert response.status == 405
    message = response.json()["error"]["message"]
    assert response.json() == error(405, message)
    named = message.removeprefix(f"{world.app}{path} takes ").removesuffix(f", not {method}")
    assert set(named.split(", ")) == takes


def test_the_peer_report_is_not_a_session(world: World) -> None:
    """`/sessions/peer-report/{peer_id}` and `/sessions/{session_id}/chat` must not take each other's requests."""
    assert world.get("/sessions/peer-report/chat").json() == NOT_FOUND
    assert world.get("/sessions/peer-report").json() == NOT_FOUND  # a session of this name


def test_every_response_has_a_date(world: World) -> None:
    from email.utils import parsedate_to_datetime
    from urllib.request import urlopen

    world.advance(90 * 24 * 3600)
    with urlopen(f"{world.server.control_url}/requests", timeout=10) as response:
        assert response.headers.get_all("date") == [response.headers["date"]]
        assert (
            abs((parsedate_to_datetime(response.headers["date"]) - world.emulator.world.clock.now()).total_seconds())
            < 60
        )
