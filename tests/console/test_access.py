"""Who is let in, and what is refused: over HTTP, with a client that may send anything."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

import pytest

from realtimekit import RealtimeKit
from realtimekit.console import Server, create_app
from realtimekit.console.app import FORMS, PAGES
from realtimekit.emulator import Emulator
from realtimekit.transports.emulator import connected

from .browser import Plain, opened
from .conftest import World

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def server(emulator: Emulator) -> Iterator[Server]:
    with Server(create_app(RealtimeKit(**connected(emulator)))) as server:
        yield server


@pytest.mark.parametrize("path", [*PAGES, *FORMS, "/recordings/rec-1/video", "/nothing", "/?token=", "/?token=wrong"])
def test_without_the_link_there_is_no_page(world: World, path: str) -> None:
    stranger = Plain(world.live.server)
    target = path.replace("{session_id}", "sess-1").replace("{meeting_id}", "meet-1")
    for cookie in (None, "realtimekit-console=guess", world.kept.cookie):
        answer = stranger.get(target, cookie=cookie)
        assert answer.status == 403
        assert "Release planning" not in answer.text
        assert "set-cookie" not in answer.headers


def test_the_link_works_once(server: Server) -> None:
    first = Plain(server)
    answer = first.open()
    assert (answer.status, answer.headers["location"]) == (303, "/")
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= attributes
    assert first.ok("/").status == 200
    second = Plain(server)
    assert second.open().status == 403
    assert second.cookie is None
    assert first.open().status == 303, "whoever is in may use the link again"


def test_two_consoles_in_one_browser(server: Server, emulator: Emulator) -> None:
    """Cookies belong to a host, whatever its port."""
    jar = HTTPCookieProcessor(CookieJar())
    browser = build_opener(ProxyHandler({}), jar)
    with Server(create_app(RealtimeKit(**connected(emulator)))) as second:
        for url in (server.url, second.url, server.origin, second.origin):
            with browser.open(url) as response:
                assert "Sessions" in response.read().decode()
    assert len(jar.cookiejar) == 2


def test_what_only_looks_at_the_link_does_not_use_it_up(server: Server) -> None:
    client, target = Plain(server), server.url.removeprefix(server.origin)
    assert client.send("HEAD", target).status == 403
    assert client.get(target, sec_purpose="prefetch;prerender").status == 403
    assert client.get(target, host="evil.example").status == 403
    assert client.open().status == 303


def test_the_rest_of_the_link_is_kept_and_leads_nowhere_else(server: Server) -> None:
    client, target = Plain(server), server.url.removeprefix(server.origin)
    token = target.partition("token=")[2]
    found = client.get(f"//evil.example/?{urlencode({'q': 'a&b', 'token': token, 'sort': 'minutes'})}")
    assert (found.status, found.headers["location"]) == (303, "/evil.example/?q=a%26b&sort=minutes")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_in_another_page_leads_through_a_page_of_ours(server: Server, site: str) -> None:
    """Browsers send no SameSite=Strict cookie after a redirect from another site."""
    client, target = Plain(server), server.url.removeprefix(server.origin)
    answer = client.get(f"{target}&q=%22%3E%3Cscript%3E", sec_fetch_site=site)
    assert (answer.status, answer.headers["referrer-policy"]) == (200, "no-referrer")
    assert "location" not in answer.headers
    assert 'content="0; url=/?q=%22%3E%3Cscript%3E"' in answer.text
    assert target.partition("token=")[2] not in answer.text
    assert answer.headers["set-cookie"].startswith("realtimekit-console-")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "", "[", "evil"]
)
def test_a_name_of_somebody_else_is_refused(world: World, host: str) -> None:
    assert world.live.get("/", host=host).status == 403
    assert world.live.get("/static/app.js", host=host).status == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_the_names_of_this_machine_are_fine(world: World, host: str) -> None:
    port = world.live.host.rpartition(":")[2]
    assert world.live.get("/", host=f"{host}:{port}").status == 200
    assert world.live.get("/", host=f"{host}:9").status == 200, "through a tunnel the port is another"


def test_forwarded_headers_change_nothing(world: World) -> None:
    answer = world.live.get("/", x_forwarded_host="evil.example", x_forwarded_proto="https", x_forwarded_for="1.2.3.4")
    assert answer.status == 200
    assert "evil.example" not in answer.text


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://{host}", ""])
def test_other_pages_are_refused(world: World, origin: str) -> None:
    origin = origin.replace("{host}", world.live.host)
    assert world.live.get("/", origin=origin).status == 403
    body = urlencode({"form_token": world.live.form_token(), "seconds": "60"}).encode()
    before = world.emulator.now()
    answer = world.live.send("POST", "/emulator/clock", body, origin=origin, content_type=FORM)
    assert answer.status == 403
    assert world.emulator.now()[:15] == before[:15]


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_a_form_needs_its_token(world: World, token: str | None) -> None:
    fields = {"seconds": "600"} | ({} if token is None else {"form_token": token})
    before = world.emulator.now()
    answer = world.live.send(
        "POST", "/emulator/clock", urlencode(fields).encode(), origin=world.live.server.origin, content_type=FORM
    )
    assert answer.status == 403
    assert world.emulator.now()[:15] == before[:15]


def test_a_form_needs_its_origin_and_its_cookie(world: World) -> None:
    body = urlencode({"form_token": world.live.form_token(), "seconds": "0"}).encode()
    assert world.live.send("POST", "/emulator/clock", body, content_type=FORM).status == 403
    origin = world.live.server.origin
    assert world.live.send("POST", "/emulator/clock", body, origin=origin, content_type=FORM, cookie=None).status == 403
    assert world.live.send("POST", "/emulator/clock", body, origin=origin, content_type=FORM).status == 303


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("text/plain", b"form_token=", 415),
        ("multipart/form-data; boundary=b", b"--b--", 415),
        (None, b"", 415),
        (FORM, b"a=" + b"x" * 300_000, 413),
        (FORM, b"&".join(b"a%d=1" % number for number in range(2000)), 403),
    ],
)
def test_what_is_no_form_is_refused(world: World, kind: str | None, body: bytes, status: int) -> None:
    answer = world.live.send("POST", "/emulator/clock", body, origin=world.live.server.origin, content_type=kind)
    assert answer.status == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"),
        ("POST", "/sessions/sess-1"),
        ("PUT", "/"),
        ("DELETE", "/emulator/faults"),
        ("GET", "/emulator/clock"),
    ],
)
def test_pages_are_only_read_and_forms_only_sent(world: World, method: str, path: str) -> None:
    answer = world.live.send(method, path, b"", origin=world.live.server.origin)
    assert answer.status == 405


def test_every_response_has_its_policy(world: World) -> None:
    stranger = Plain(world.live.server)
    for answer in (
        world.live.get("/"), world.live.get("/nothing"), world.live.get("/?page=0"), stranger.get("/"),
        world.live.get("/static/app.js"), world.live.post("/emulator/clock", seconds="x"),
    ):  # fmt: skip
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers
    assert world.live.get("/").headers["cache-control"] == "no-store"


def test_the_token_is_nowhere_else(
    server: Server, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    token = server.url.partition("token=")[2]
    client = opened(server)
    shown = client.ok("/").text + repr(server)
    Plain(server).open()
    out, err = capfd.readouterr()
    assert len(token) > 30
    assert client.cookie is not None
    assert token not in client.cookie
    assert token not in shown + out + err + caplog.text
    assert client.cookie.partition("=")[2] not in shown + out + err + caplog.text


def test_static_files_need_no_link_and_are_only_those(world: World) -> None:
    stranger = Plain(world.live.server)
    for name in ("app.js", "console.css", "report.css", "icon.svg"):
        assert stranger.get(f"/static/{name}").status == 200
    for name in ("..%2fapp.py", "nothing.css", "%2e%2e/app.py"):
        assert stranger.get(f"/static/{name}").status in {403, 404}
