"""Injected faults: the same with `Emulator`, over plain HTTP, and with `RemoteEmulator`."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit import APIConnectionError, APITimeoutError, RealtimeKit, RealtimeKitError
from realtimekit.emulator import Emulator, HTTPError
from realtimekit.emulator.faults import RULE, Fault
from realtimekit.emulator.http import Request
from realtimekit.emulator.remote import RemoteEmulator
from realtimekit.emulator.sending import DRIPS
from realtimekit.transports.emulator import connected
from tests.fuzz.examples import fuzzed

from .world import World


class FaultsOverHttp:
    """The control plane's routes for faults, with their documented bodies."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_fault(self, **rule: Any) -> None:
        self.add_faults([rule])

    def add_faults(self, faults: Any) -> None:
        response = self._world.control("/faults", {"faults": faults})
        if response.status != 200:
            raise HTTPError(response.status, response.json()["error"]["message"])
        assert response.json() == {}

    def faults(self) -> list[dict[str, Any]]:
        return list(self._world.control("/faults", method="GET").json()["faults"])

    def clear_faults(self) -> None:
        assert self._world.control("/faults", method="DELETE").json() == {}


Control: TypeAlias = Emulator | RemoteEmulator | FaultsOverHttp


@pytest.fixture(params=["methods", "http", "remote"])
def control(request: pytest.FixtureRequest, world: World) -> Control:
    variants: dict[str, Callable[[], Control]] = {
        "methods": lambda: world.emulator,
        "http": lambda: FaultsOverHttp(world),
        "remote": lambda: RemoteEmulator(world.server.control_url),
    }
    return variants[request.param]()


def ask(world: World, method: str = "GET", path: str = "/meetings", body: Any = None) -> tuple[int, Any, bytes]:
    """Return status, headers and body, without the check against the API's description, which faults violate."""
    connection = http.client.HTTPConnection(world.address, timeout=20)
    try:
        headers = {"Authorization": f"Bearer {world.emulator.api_token}", "Content-Type": "application/json"}
        connection.request(method, world.app + path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def statuses(world: World, count: int, **request: Any) -> list[int]:
    return [ask(world, **request)[0] for _ in range(count)]


# --- rules


def test_rules_come_and_go(world: World, control: Control) -> None:
    assert control.faults() == []
    control.add_fault(method="POST", status=503)
    control.add_faults([{"path": "*/meetings", "latency_seconds": 0.01}, {"calls": [9], "cut": "before"}])
    assert statuses(world, 2) == [200, 200]
    assert control.faults() == [
        {"method": "POST", "status": 503, "matched": 0, "applied": 0},
        {"path": "*/meetings", "latency_seconds": 0.01, "matched": 2, "applied": 2},
        {"calls": [9], "cut": "before", "matched": 0, "applied": 0},
    ]
    control.clear_faults()
    assert control.faults() == []
    control.add_fault(status=503)
    assert statuses(world, 1) == [503]
    world.emulator.reset()
    assert control.faults() == []
    assert statuses(world, 1) == [200]


@pytest.mark.parametrize(
    ("rule", "applied"),
    [
        ({}, "GET /meetings, POST /meetings, GET /sessions, DELETE /webhooks/x"),
        ({"method": "GET"}, "GET /meetings, GET /sessions"),
        ({"path": "*/meetings"}, "GET /meetings, POST /meetings"),
        ({"path": "*/meetings", "method": "POST"}, "POST /meetings"),
        ({"path": "*/webhooks/*"}, "DELETE /webhooks/x"),
        ({"path": "*/[ms]e*s"}, "GET /meetings, POST /meetings, GET /sessions"),
        ({"path": "/meetings"}, ""),
        ({"path": "*/MEETINGS"}, ""),
        ({"calls": [2, 4]}, "POST /meetings, DELETE /webhooks/x"),
        ({"method": "GET", "calls": [2]}, "GET /sessions"),
        ({"times": 2}, "GET /meetings, POST /meetings"),
        ({"probability": 0}, ""),
        ({"probability": 1}, "GET /meetings, POST /meetings, GET /sessions, DELETE /webhooks/x"),
    ],
)
def test_which_requests(world: World, rule: Fault, applied: str) -> None:
    world.emulator.add_faults([{**rule, "status": 599}])
    met = [
        f"{method} {path}"
        for method, path in [
            ("GET", "/meetings"), ("POST", "/meetings"), ("GET", "/sessions"), ("DELETE", "/webhooks/x")
        ]
        if ask(world, method, path)[0] == 599
    ]  # fmt: skip
    assert ", ".join(met) == applied


def test_chance_can_be_repeated(world: World) -> None:
    def series(seed: int) -> list[int]:
        world.emulator.clear_faults()
        world.emulator.add_fault(probability=0.3, seed=seed, status=599)
        return statuses(world, 100)

    first = series(1)
    assert first == series(1)
    assert first != series(2)
    assert 15 < first.count(599) < 45


def test_the_first_rule_that_strikes_is_the_only_one(world: World) -> None:
    world.emulator.add_faults([{"status": 501, "times": 2}, {"status": 502, "times": 1}])
    assert statuses(world, 4) == [501, 501, 502, 200]
    assert [rule["matched"] for rule in world.emulator.faults()] == [4, 2]


def test_the_control_plane_is_spared(world: World, control: Control) -> None:
    control.add_fault(cut="before")
    world.emulator.advance(1)
    assert world.control("/requests", method="GET").status == 200


def test_files_and_strangers_are_not_spared(world: World) -> None:
    link = world.get(f"/sessions/{world.ended()[0].session_id}/chat").data["chat_download_url"]
    world.emulator.add_fault(path="/files/*", status=503)
    assert world.download(link).status == 503
    world.emulator.add_fault(status=520)
    assert world.send("GET", f"{world.kit}/apps").status == 520


# --- answers


@pytest.mark.parametrize(
    ("rule", "status", "kind", "body"),
    [
        ({"status": 503}, 503, "application/json", b'{"success":false,"error":{"code":503,"message":"Service Unav'),
        ({"status": 520}, 520, "application/json", b'{"success":false,"error":{"code":520,"message":"status 520"}}'),
        ({"status": 503, "body": ""}, 503, None, b""),
        ({"status": 502, "body": "<p>no</p>"}, 502, "text/html; charset=utf-8", b"<p>no</p>"),
        ({"status": 502, "body": "not \u00e9"}, 502, "text/plain; charset=utf-8", "not \u00e9".encode()),
        ({"status": 200, "body": {"success": False}}, 200, "application/json", b'{"success":false}'),
        ({"status": 200, "body": [1]}, 200, "application/json", b"[1]"),
        ({"status": 204}, 204, None, b""),
        ({"status": 204, "json": "invalid"}, 204, None, b""),
        ({"status": 302, "headers": {"Location": "http://a.test/"}}, 302, None, b""),
        ({"status": 500, "body": "x", "headers": {"Content-Type": "a/b"}}, 500, "a/b", b"x"),
        ({"json": "invalid"}, 200, "application/json", b'{"success": true, "data": }'),
        ({"json": "truncated"}, 200, "application/json", b'{"success":true,"data":[],'),
        ({"status": 200, "body": {"a": 1}, "json": "truncated"}, 200, "application/json", b'{"a'),
    ],
)
def test_answers(world: World, rule: Fault, status: int, kind: str | None, body: bytes) -> None:
    world.emulator.add_fault(**rule)
    found = ask(world)
    assert (found[0], found[1]["content-type"]) == (status, kind)
    assert found[2].startswith(body)
    assert int(found[1]["content-length"]) == len(found[2])


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "2"},
        {"Retry-After": "2.5"},
        {"Retry-After": "in a while"},
        {"Retry-After": ""},
        {"Ratelimit": '"default";r=0;t=30', "Ratelimit-Policy": '"burst";q=100;w=60'},
        {"Date": "Thu, 01 Jan 2026 00:00:00 GMT"},
    ],
)
@pytest.mark.parametrize("rule", [{"status": 429}, {}])
def test_headers(world: World, rule: Any, headers: dict[str, str]) -> None:
    world.emulator.add_fault(**rule, headers=headers)
    status, found, _ = ask(world)
    assert status == rule.get("status", 200)
    assert {name: found.get_all(name) for name in headers} == {name: [value] for name, value in headers.items()}


def test_retry_after_as_a_date(world: World) -> None:
    world.emulator.advance(5000)
    world.emulator.add_fault(status=429, retry_after_date=90)
    _, headers, _ = ask(world)
    ahead = parsedate_to_datetime(headers["Retry-After"]) - parsedate_to_datetime(headers["Date"])
    assert ahead.total_seconds() in {89, 90}


@pytest.mark.parametrize(
    ("rule", "carried_out"),
    [
        ({"status": 503}, False),
        ({"status": 503, "carried_out": True}, True),
        ({"cut": "before"}, False),
        ({"cut": "before", "carried_out": True}, True),
        ({"cut": "within"}, True),
        ({"cut": "after"}, True),
        ({"json": "truncated"}, True),
        ({"status": 200, "body": {}, "cut": "within"}, False),
        ({"latency_seconds": 0.01}, True),
        ({"headers": {"a": "b"}}, True),
    ],
)
def test_whether_it_is_carried_out(world: World, rule: Any, carried_out: bool) -> None:
    world.emulator.add_fault(**rule)
    with suppress(http.client.HTTPException, OSError):
        ask(world, "POST", "/meetings", {"title": "a"})
    (logged,) = world.emulator.requests()
    if rule == {"cut": "before"}:
        assert logged["status"] is None
    else:
        assert logged["status"] == (201 if carried_out and "status" not in rule else rule["status"])
    world.emulator.clear_faults()
    assert len(world.get("/meetings").data) == carried_out


def test_a_refusal_can_be_disturbed(world: World) -> None:
    world.emulator.add_fault(json="truncated")
    status, _, body = ask(world, "GET", "/nothing")
    assert (status, body[:25]) == (404, b'{"success":false,"error":')


# --- connections


def raw(world: World, path: str = "/meetings", *, requests: int = 1) -> tuple[bytes, type[Exception] | None]:
    """Return every byte that arrives until the connection ends, and how it ends."""
    host, _, port = world.address.partition(":")
    head = (
        f"GET {world.app}{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {world.emulator.api_token}\r\n\r\n"
    )
    received = b""
    with socket.create_connection((host, int(port)), timeout=20) as sock:
        sock.sendall(head.encode() * requests)
        try:
            while piece := sock.recv(65536):
                received += piece
        except OSError as error:
            return received, type(error)
    return received, None


WHOLE = b'{"success":true,"data":[],"paging":{"total_count":0,"start_offset":0,"end_offset":0}}'


@pytest.mark.parametrize(
    ("rule", "length", "body", "ends"),
    [
        ({"cut": "within"}, len(WHOLE), WHOLE[: len(WHOLE) // 2], ConnectionResetError),
        ({"cut": "after"}, len(WHOLE), WHOLE, None),
        ({"content_length": 200}, 200, WHOLE, None),
        ({"content_length": 0}, 0, WHOLE, None),
        ({"content_length": 9, "cut": "within"}, 9, WHOLE[: len(WHOLE) // 2], ConnectionResetError),
        ({"drip_seconds": 0.04}, len(WHOLE), WHOLE, None),
        ({"drip_seconds": 0.04, "cut": "within"}, len(WHOLE), WHOLE[: len(WHOLE) // 2], ConnectionResetError),
        ({"latency_seconds": 0.04, "cut": "after"}, len(WHOLE), WHOLE, None),
        ({"status": 503, "body": "abc", "content_length": 100}, 100, b"abc", None),
    ],
)
def test_what_arrives(world: World, rule: Fault, length: int, body: bytes, ends: type[Exception] | None) -> None:
    world.emulator.add_fault(**rule)
    received, error = raw(world)
    head, _, rest = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % rule.get("status", 200))
    assert f"content-length: {length}" in head.decode().lower().split("\r\n")
    assert (rest, error) == (body, ends)


def test_cut_before(world: World) -> None:
    world.emulator.add_fault(cut="before", times=1)
    assert raw(world) == (b"", ConnectionResetError)
    assert statuses(world, 1) == [200]


def test_a_drip_comes_in_pieces(world: World) -> None:
    for title in range(20):
        world.meeting(title=f"Meeting {title}")
    world.emulator.add_fault(drip_seconds=0.2)
    host, _, port = world.address.partition(":")
    pieces = []
    with socket.create_connection((host, int(port)), timeout=20) as sock:
        token = world.emulator.api_token
        sock.sendall(
            f"GET {world.app}/meetings HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        while piece := sock.recv(65536):
            pieces.append(piece)
    assert len(pieces) >= DRIPS // 2  # a busy machine may join some
    assert len(json.loads(b"".join(pieces).partition(b"\r\n\r\n")[2])["data"]) == 20


@pytest.mark.parametrize("rule", [{"latency_seconds": 3600}, {"drip_seconds": 3600}])
def test_a_disconnected_client_blocks_nothing(rule: Fault) -> None:
    with Emulator() as emulator:
        emulator.add_fault(**rule)
        with emulator.serve() as server:
            world = World(emulator, server)
            host, _, port = world.address.partition(":")
            for _ in range(20):
                with socket.create_connection((host, int(port)), timeout=20) as sock:
                    sock.sendall(f"GET {world.app}/meetings HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                    if "drip_seconds" in rule:
                        assert sock.recv(1000)
            state: Any = server._server.server_state
            for _ in range(2000):
                if emulator.faults()[0]["applied"] == 20 and not state.tasks and not state.connections:
                    break
                pause()
            assert (len(state.tasks), len(state.connections)) == (0, 0)


def pause() -> None:
    """Let the server's thread run."""
    time.sleep(0.005)


# --- the limiter


def test_a_limit(world: World) -> None:
    """A number of requests in a window; then everything is refused until the block ends; then all is as before."""
    world.emulator.add_fault(path="*/meetings", limit={"requests": 3, "window_seconds": 60, "block_seconds": 300})
    for round_ in range(2):
        for left in (2, 1, 0):
            status, headers, _ = ask(world)
            assert status == 200
            assert headers["ratelimit"] in {f'"default";r={left};t={seconds}' for seconds in (60, 59, 58)}
            assert headers["ratelimit-policy"] == '"default";q=3;w=60'
            assert "retry-after" not in headers
        for waited in (0, 100, 100):
            world.emulator.advance(waited)
            status, headers, body = ask(world)
            assert status == 429
            assert json.loads(body)["error"] == {"code": 429, "message": "Too Many Requests"}
            seconds = int(headers["retry-after"])
            assert headers["ratelimit"] == f'"default";r=0;t={seconds}'
        assert 95 <= seconds <= 100
        assert ask(world, path="/sessions")[0] == 200
        assert world.emulator.faults()[0]["applied"] == 3 * (round_ + 1)
        world.emulator.advance(seconds)


def test_a_window_that_ends_unused(world: World) -> None:
    world.emulator.add_fault(limit={"requests": 2, "window_seconds": 60, "block_seconds": 300})
    for _ in range(3):
        assert statuses(world, 2) == [200, 200]
        world.emulator.advance(60)
    assert statuses(world, 3) == [200, 200, 429]


def test_a_limit_refuses_before_anything_is_done_and_lets_other_faults_be(world: World) -> None:
    world.emulator.add_faults(
        [
            {"limit": {"requests": 2, "window_seconds": 60, "block_seconds": 300}},
            {"method": "POST", "cut": "within", "times": 1},
        ]
    )
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        ask(world, "POST", "/meetings", {"title": "a"})
    assert ask(world, "POST", "/meetings", {"title": "b"})[0] == 201
    assert ask(world, "POST", "/meetings", {"title": "c"})[0] == 429
    world.emulator.clear_faults()
    assert {meeting["title"] for meeting in world.get("/meetings").data} == {"a", "b"}


# --- rules that cannot be


EFFECTS = ", ".join(name for name in RULE if name not in {"method", "path", "calls", "probability", "seed", "times"})


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({}, f'faults[0]" must have an effect: one of [{EFFECTS}]'),
        ({"method": "GET", "calls": [1], "carried_out": True}, 'faults[0]" must have an effect: one of ['),
        ({"status": 99}, 'faults[0].status" must be greater than or equal to 200'),
        ({"status": "503"}, 'faults[0].status" must be a number'),
        ({"stauts": 503}, 'faults[0].stauts" is not allowed; did you mean "status"?'),
        ({"zzz": 503}, 'faults[0].zzz" is not allowed'),
        ({"method": "get", "status": 503}, 'faults[0].method" must be one of [GET, POST, PUT, PATCH, DELETE]'),
        ({"probability": 2, "status": 503}, 'faults[0].probability" must be less than or equal to 1'),
        ({"seed": 2, "status": 503}, 'faults[0].seed" is for a probability'),
        ({"calls": [0], "status": 503}, 'faults[0].calls[0]" must be greater than or equal to 1'),
        ({"calls": [], "status": 503}, 'faults[0].calls" must not be empty'),
        ({"times": 0, "status": 503}, 'faults[0].times" must be greater than or equal to 1'),
        ({"cut": "off"}, 'faults[0].cut" must be one of [before, within, after]'),
        ({"json": "bad"}, 'faults[0].json" must be one of [truncated, invalid]'),
        ({"latency_seconds": -1}, 'faults[0].latency_seconds" must be greater than or equal to 0'),
        ({"body": "x"}, 'faults[0].body" needs a status to go with'),
        ({"retry_after_date": 5}, 'faults[0].retry_after_date" needs a status to go with'),
        ({"status": 204, "body": "x"}, 'faults[0].body" cannot go with 204'),
        ({"status": 503, "body": "\ud800"}, 'faults[0].body" must be a string or JSON'),
        ({"cut": "within", "carried_out": False}, 'faults[0].carried_out" must be true if there is no status'),
        ({"headers": {"a b": "c"}}, 'faults[0].headers.a b" cannot be a header'),
        ({"headers": {"Content-Length": "1"}}, 'faults[0].headers.Content-Length" cannot be a header; the length is'),
        ({"headers": {"a": "b\r\nc: d"}}, 'faults[0].headers.a" fails to match the pattern'),
        ({"headers": {"a": 1}}, 'faults[0].headers.a" must be a string'),
        ({"limit": {"requests": 1}}, 'faults[0].limit.window_seconds" is required'),
        (
            {"status": 503, "limit": {"requests": 1, "window_seconds": 1, "block_seconds": 1}},
            'faults[0].limit" goes with method and path only',
        ),
    ],
)
def test_a_rule_that_cannot_be(control: Control, rule: Any, problem: str) -> None:
    with pytest.raises(HTTPError) as caught:
        control.add_faults([rule])
    assert caught.value.status == 400
    assert str(caught.value).startswith(f'BAD_REQUEST: "{problem}')
    assert control.faults() == []


def test_all_rules_or_none(control: Control) -> None:
    with pytest.raises(HTTPError, match=r'"faults\[1\].status" must be'):
        control.add_faults([{"status": 503}, {"status": 1}])
    assert control.faults() == []


@pytest.mark.parametrize("body", [{}, {"faults": {}}, {"faults": None}, {"faults": ["x"]}, [], "x"])
def test_a_body_that_cannot_be(world: World, body: Any) -> None:
    assert world.control("/faults", body).status == 400


junk = (
    st.none() | st.booleans() | st.integers(-2, 700) | st.floats() | st.text(max_size=4) | st.lists(st.integers(0, 3))
)
FITTING: dict[str, st.SearchStrategy[Any]] = {
    "method": st.sampled_from(["GET", "POST"]),
    "path": st.sampled_from(["*", "*/meetings", "[", "/files/*"]),
    "calls": st.lists(st.integers(1, 3), min_size=1),
    "probability": st.floats(0, 1),
    "seed": st.integers(-5, 5),
    "times": st.integers(1, 3),
    "carried_out": st.booleans(),
    "status": st.integers(200, 599),
    "headers": st.dictionaries(st.text("aZ-1", min_size=1), st.text("ab ;\u00e9", max_size=5), max_size=2),
    "body": st.text(max_size=5) | st.dictionaries(st.text(max_size=2), junk, max_size=2),
    "retry_after_date": st.floats(0, 1e10),
    "json": st.sampled_from(["truncated", "invalid"]),
    "content_length": st.integers(0, 2**70),
    "latency_seconds": st.floats(0, 1e12),
    "drip_seconds": st.floats(0, 10),
    "cut": st.sampled_from(["before", "within", "after"]),
    "limit": st.fixed_dictionaries(
        {"requests": st.integers(1, 3), "window_seconds": st.floats(0, 9), "block_seconds": st.floats(0, 9)}
    ),
    "close": st.sampled_from(["upstream_lost", "reset"]),
    "repeat": st.integers(1, 100),
}


def test_every_field_is_tried() -> None:
    assert FITTING.keys() == RULE.keys() == Fault.__annotations__.keys()


@fuzzed(150)
@given(data=st.data(), names=st.sets(st.sampled_from(sorted(RULE)), min_size=1, max_size=4), odd=st.booleans())
def test_any_rule_is_refused_or_works(world: World, data: st.DataObject, names: set[str], odd: bool) -> None:
    rule: Any = {name: data.draw(junk if odd else FITTING[name], name) for name in names}
    emulator = world.emulator
    emulator.clear_faults()
    try:
        emulator.add_faults([rule])
    except HTTPError as refusal:
        assert refusal.status == 400  # noqa: PT017 - it need not be refused
        return
    json.dumps(emulator.faults())
    headers = {"host": "localhost", "authorization": f"Bearer {emulator.api_token}"}
    for method in ("GET", "POST"):
        response = emulator.handle(Request(method, f"{world.app}/meetings", "", headers, b""))
        assert response.status in {0, 200, 201, 429, rule.get("status")}
        assert "".join(f"{name}{value}" for name, value in response.headers.items()).isascii()
    with RealtimeKit(**connected(emulator), max_retries=0) as client, suppress(RealtimeKitError):
        client.meetings.page(1)


# --- in this process


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ({"cut": "before"}, APIConnectionError),
        ({"cut": "within"}, APIConnectionError),
        ({"content_length": 10_000}, APIConnectionError),
        ({"latency_seconds": 30}, APITimeoutError),
        ({"drip_seconds": 30}, APITimeoutError),
        ({"latency_seconds": 29, "drip_seconds": 1}, APITimeoutError),
    ],
)
def test_a_broken_connection_in_this_process(rule: Fault, kind: type[APIConnectionError]) -> None:
    with Emulator() as emulator:
        client = RealtimeKit(**connected(emulator), timeout=30)
        emulator.add_fault(**rule)
        with pytest.raises(APIConnectionError) as caught:
            client.meetings.create(title="a")
        assert type(caught.value) is kind
        assert caught.value.maybe_processed
        assert (caught.value.method, len(emulator.requests())) == ("POST", 1)


@pytest.mark.parametrize("rule", [{"cut": "after"}, {"latency_seconds": 29}, {"drip_seconds": 29}])
def test_latency_in_process_is_not_waited_for(rule: Fault) -> None:
    with Emulator() as emulator:
        client = RealtimeKit(**connected(emulator), timeout=30)
        emulator.add_fault(**rule)
        before = datetime.now().astimezone()
        assert client.meetings.create(title="a").title == "a"
        assert (datetime.now().astimezone() - before).total_seconds() < 20


def test_a_length_that_is_too_short_in_this_process() -> None:
    with Emulator() as emulator:
        client = RealtimeKit(**connected(emulator))
        emulator.add_fault(content_length=10)
        with pytest.raises(RealtimeKitError, match="is not JSON"):
            client.apps.current()
