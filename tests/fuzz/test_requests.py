"""Random bytes to the emulator: a response below 500 or a closed connection, and it keeps working.

`tests/emulator/test_anything.py` sends requests that fit the routes, or nearly so; this sends what no client would.
"""

from __future__ import annotations

import json
import re
import select
import socket
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from realtimekit import RealtimeKit
from realtimekit.cli import demo_scenario
from realtimekit.emulator import Emulator
from realtimekit.emulator.http import Request
from realtimekit.transports.emulator import connected

from .examples import fuzzed, mutated

TOKEN = b"emulator-token"  # of `demo_scenario.CREDENTIALS`
APP = b"/client/v4/accounts/acc-1/realtime/kit/app-1"


class Served(NamedTuple):
    emulator: Emulator
    address: tuple[str, int]
    file: str  # path and query of a signed link


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Emulator(**demo_scenario.CREDENTIALS) as emulator:
        client = RealtimeKit(**connected(emulator))
        emulator.next_ids.extend(demo_scenario.FIXED_IDS)
        demo_scenario.run(client, emulator)
        link = urlsplit(client.sessions.find("sess-1").chat.download_url or "")
        with emulator.serve() as server:
            parts = urlsplit(server.base_url)
            yield Served(emulator, (parts.hostname or "", parts.port or 0), f"{link.path}?{link.query}")


# --- in this process --------------------------------------------------------------------------------------------------

latin = st.text(st.characters(max_codepoint=255), max_size=20)
PLACES = ["/", "/client/v4", "/files/", "/files/sess-1/chat.csv", "/_emulator", "/.well-known/webhooks.json", "*", ""]
paths = st.one_of(
    latin.map("/{}".format),
    st.sampled_from(PLACES),
    st.lists(st.sampled_from([*PLACES, APP.decode(), "/sessions", "/..", "//", "%2e", "%"]) | latin, max_size=5).map(
        "".join
    ),
)
NAMES = ["host", "authorization", "content-type", "origin", "range", "if-range", "if-none-match", "sec-fetch-site", "x"]
VALUES = ["localhost", "[::1", "a:99999999", "Bearer emulator-token", "Bearer", "application/json", "bytes=0-1", "null"]
headers = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES) | latin, max_size=6)


@fuzzed(200)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "get", "X"]),
    path=paths,
    query=latin,
    given=headers,
    body=st.binary(max_size=30),
    well=st.booleans(),
)
def test_any_request(
    served: Served,
    method: str,
    path: str,
    query: str,
    given: dict[str, str],
    body: bytes,
    well: bool,
) -> None:
    if well:
        given = {
            "host": "localhost",
            "authorization": "Bearer emulator-token",
            "content-type": "application/json",
        } | given
    if path.startswith("/_emulator"):
        method = "GET"  # others could tell it to misbehave
    answer = served.emulator.handle(Request(method, path, query, given, body))
    assert 200 <= answer.status < 500
    if answer.status >= 400:
        if answer.headers["content-type"] == "application/json":
            assert json.loads(answer.body)["success"] is False
        else:
            assert path.startswith("/files/"), "a storage says it otherwise"


ranges = st.one_of(
    latin,
    st.tuples(
        st.sampled_from(["bytes=", "bytes =", "Bytes=", "items=", "", "bytes=0-0,"]),
        st.lists(st.sampled_from(["-", "0", "5", "9" * 30, "9" * 5000, ",", " ", "٣", "+1"]), max_size=6).map("".join),
    ).map("".join),
)


@fuzzed(200)
@given(asked=ranges, version=st.none() | latin | st.just('"x"'))
@example(asked=f"bytes={'9' * 5000}-", version=None)
@example(asked=f"bytes=-{'9' * 5000}", version=None)
def test_any_range_of_a_file(served: Served, asked: str, version: str | None) -> None:
    path, _, query = served.file.partition("?")
    given = {"host": "localhost", "range": asked} | ({} if version is None else {"if-range": version})
    whole = served.emulator.handle(Request("GET", path, query, {"host": "localhost"}, b""))
    assert whole.status == 200
    answer = served.emulator.handle(Request("GET", path, query, given, b""))
    assert answer.status in {200, 206, 400, 416}
    if answer.status == 206:
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", answer.headers["content-range"])
        assert found
        first, last, size = map(int, found.groups())
        assert answer.body == whole.body[first : last + 1]
        assert size == len(whole.body)


# --- over a socket ----------------------------------------------------------------------------------------------------

HEAD = b"Host: localhost\r\nAuthorization: Bearer " + TOKEN + b"\r\n"
JSON = b"Content-Type: application/json\r\n"
UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\n"
)
WELL_MADE = [
    b"GET %b/sessions/sess-1 HTTP/1.1\r\n%b\r\n" % (APP, HEAD),
    b"GET %b/sessions?page_no=1&per_page=2 HTTP/1.0\r\n%b\r\n" % (APP, HEAD),
    b"GET %b/sessions HTTP/1.1\r\n%b\r\nGET %b/meetings HTTP/1.1\r\n%b\r\n" % (APP, HEAD, APP, HEAD),
    b'POST %b/meetings HTTP/1.1\r\n%b%bContent-Length: 13\r\n\r\n{"title":"x"}' % (APP, HEAD, JSON),
    b"POST %b/meetings HTTP/1.1\r\n%b%bTransfer-Encoding: chunked\r\n\r\n" % (APP, HEAD, JSON)
    + b'5\r\n{"tit\r\n8\r\nle":"x"}\r\n0\r\n\r\n',
    b"GET /_emulator/requests HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"PATCH %b/meetings/meet-1 HTTP/1.1\r\n%b%bExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}" % (APP, HEAD, JSON),
    b"GET /_emulator/requests HTTP/1.1\r\nHost: localhost\r\n%b\r\n" % UPGRADE,
]
MALFORMED = [
    b"",
    b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET " + b"/" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\nx",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET //evil.example/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /%ff?%ff HTTP/1.1\r\nHost: \xff\r\n\r\n",
    b"GET / HTTP/1.1\nHost: localhost\n\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nA: \0\r\n\r\n",
]


def exchanged(served: Served, sent: bytes) -> bytes:
    """Return all that arrives until the server closes; at the end, shut down the sending side."""
    with socket.create_connection(served.address, timeout=30) as connection:
        came = b""
        try:
            connection.sendall(sent)
            # An answer is given up when the client closes its side: so a moment for one that may come.
            if select.select([connection], [], [], 0.03)[0]:
                came += connection.recv(65536)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                came += piece
        except TimeoutError:
            raise
        except OSError:  # it refused before all was sent, and closed
            pass
        return came


def check(served: Served, sent: bytes) -> None:
    came = exchanged(served, sent)
    assert came == b"" or re.match(rb"HTTP/1\.1 [1-4]\d\d ", came), came[:100]
    assert b"HTTP/1.1 5" not in came
    with socket.create_connection(served.address, timeout=30) as connection:
        connection.sendall(WELL_MADE[0])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("sent", [*MALFORMED, *WELL_MADE], ids=lambda sent: repr(sent[:60]))
def test_each_of_these_bytes(served: Served, sent: bytes) -> None:
    check(served, sent)


@pytest.mark.parametrize("sent", WELL_MADE, ids=lambda sent: repr(sent[:60]))
def test_valid_requests_get_a_response(served: Served, sent: bytes) -> None:
    """Otherwise their mutations would prove nothing."""
    with socket.create_connection(served.address, timeout=30) as connection:
        connection.sendall(sent)
        assert re.match(rb"HTTP/1\.1 (100|20[01]) ", connection.recv(65536))


@fuzzed(150)
@given(sent=mutated([*WELL_MADE, *MALFORMED[:4], *MALFORMED[7:]]) | st.binary(max_size=50))
def test_any_bytes(served: Served, sent: bytes) -> None:
    check(served, sent)
