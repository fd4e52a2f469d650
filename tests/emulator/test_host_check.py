"""Which requests are accepted: those of programs on this machine, not those that a web page makes a browser send."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from realtimekit.emulator import Emulator

from .shape import error, must_be, text
from .world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = {"Content-Type": "application/json"}
FOREIGN = [
    "evil.example",
    "evil.example:8787",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1.nip.io",
    "evil.example#localhost",
    "evil.example?localhost",
    "evil.example/localhost",
    "localhost@evil.example",
    "[::1",
    "127.1",
    "evil.example.",
    "internal.evil.example",
    "evilinternal.example",
    ".",
    "",
]
OURS = [
    "localhost",
    "LOCALHOST:1",
    "127.0.0.1",
    "127.0.0.1:8787",
    "[::1]",
    "[::1]:8787",
    "kit.localhost",
    "localhost.",
    "emulator:8787",
    "kit.internal",
]


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_host_is_refused_everywhere(world: World, host: str) -> None:
    world.meeting()
    before = world.state()
    token = {"Authorization": f"Bearer {world.emulator.api_token}"}
    for method, target in (
        ("POST", "/_emulator/reset"),
        ("GET", "/_emulator/requests"),
        ("GET", f"{world.app}/meetings"),
        ("POST", f"{world.app}/meetings"),
        ("GET", "/files/x/chat.csv"),
    ):
        response = world.send(method, target, b"{}" if method == "POST" else None, {**token, **JSON, "Host": host})
        assert response.status == 403, target
        message = response.json()["error"]["message"]
        assert response.json() == error(403, message)
        assert f"the Host {host!r} could be anybody's" in message
    assert world.state() == before


@pytest.mark.parametrize("host", OURS)
def test_our_own_names_are_taken(world: World, host: str) -> None:
    assert world.send("POST", "/_emulator/reset", b"{}", {**JSON, "Host": host}).status == 200


def test_a_request_without_a_host_is_refused(world: World) -> None:
    for version in ("1.0", "1.1"):
        response = raw(world, f"POST /_emulator/reset HTTP/{version}\r\nContent-Length: 0\r\n\r\n".encode())
        assert response.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400")), response


def test_links_have_the_origin_of_the_request(world: World) -> None:
    session_id = world.ended()[0].session_id
    headers = {"Authorization": f"Bearer {world.emulator.api_token}", "Host": "kit.localhost:99"}
    response = world.send("GET", f"{world.app}/sessions/{session_id}/chat", None, headers)
    assert response.data["chat_download_url"].startswith("http://kit.localhost:99/files/")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:8787"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
def test_pages_cannot_reach_the_control_plane(world: World, headers: dict[str, str]) -> None:
    world.meeting()
    before = world.state()
    for method, target in (("POST", "/_emulator/reset"), ("GET", "/_emulator/requests"), ("POST", "/_emulator/clock")):
        body = b'{"advance_seconds": 1}' if method == "POST" else None
        response = world.send(method, target, body, {**JSON, **headers})
        assert response.status == 403, target
        assert response.json() == error(403, "the control plane accepts no requests from web pages")
    assert world.state() == before


def test_a_person_in_a_browser_may_look(world: World) -> None:
    assert world.send("GET", "/_emulator/requests", None, {"Sec-Fetch-Site": "none"}).status == 200


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
        "application/json+x",
        "json",
    ],
)
def test_bodies_that_a_form_can_send_are_refused(world: World, kind: str) -> None:
    world.meeting()
    before = world.state()
    for target in ("/_emulator/reset", "/_emulator/clock"):
        response = world.send("POST", target, b'{"advance_seconds": 1}', {"Content-Type": kind})
        assert response.status == 415
        assert response.json() == error(415, "send the body as application/json")
    assert world.state() == before


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON ; charset=utf-8"])
def test_json_is_taken(world: World, kind: str) -> None:
    assert world.send("POST", "/_emulator/clock", b'{"advance_seconds": 0}', {"Content-Type": kind}).status == 200


def test_the_api_needs_its_token_though_it_is_local(world: World) -> None:
    assert world.send("GET", f"{world.app}/meetings", None, {"Sec-Fetch-Site": "none"}).status == 401


@pytest.mark.parametrize(
    "target", ["/%5femulator/reset", "/./_emulator/reset", "//_emulator/reset", "/_EMULATOR/reset"]
)
def test_no_second_spelling_leads_to_the_control_plane(world: World, target: str) -> None:
    world.meeting()
    before = world.state()
    response = world.send("POST", target, b"{}", {"Origin": "https://evil.example", "Content-Type": "text/plain"})
    assert response.status in {401, 403, 404}
    assert world.state() == before


def test_an_absolute_target_does_not_hide_the_host(world: World) -> None:
    head = b"GET http://localhost/_emulator/requests HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert b" 403 " in raw(world, head).partition(b"\r\n")[0]


def raw(world: World, request: bytes) -> bytes:
    host, _, port = world.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        response = b""
        while more := connection.recv(65536):
            response += more
        return response


# --- IPv6


@pytest.fixture
def six() -> Iterator[World]:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with Emulator() as emulator, emulator.serve("::1") as server:
        yield World(emulator, server)


def test_loopback_by_ipv6(six: World) -> None:
    assert urlsplit(six.server.base_url).hostname == "::1"
    session_id = six.ended()[0].session_id
    link = six.get(f"/sessions/{session_id}/chat").data["chat_download_url"]
    assert link.startswith(six.server.base_url.removesuffix("/client/v4"))
    assert six.download(link).status == 200
    must_be(json.loads(six.control("/clock", {"advance_seconds": 1}).body), {"now": text})
    assert six.send("POST", "/_emulator/reset", b"{}", {**JSON, "Host": "evil.example"}).status == 403
