"""Every way to get no response, and whether the server may have seen the request.

`maybe_processed` decides whether a write is sent again, so a wrong False would create a meeting twice.
"""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from realtimekit.errors import APIConnectionError, APITimeoutError, ConfigurationError
from realtimekit.interfaces import Request
from realtimekit.transports.pyreqwest import clients

from .loopback import Connection, Script, Server, answer
from .transport_checks import PASSWORD, QUERY, TOKEN, Sender, ask, assert_tells_no_secret, failure

if TYPE_CHECKING:
    from collections.abc import Callable


def closes_at_once(_: Connection) -> None:
    pass


def resets_without_reading(connection: Connection) -> None:
    time.sleep(0.05)  # an earlier reset could meet a client that is still connecting
    connection.reset()


def closes_without_a_response(connection: Connection) -> None:
    connection.receive()


def resets_without_a_response(connection: Connection) -> None:
    connection.receive()
    connection.reset()


def after_the_request(data: bytes, *, reset: bool = False) -> Script:
    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(data)
        if reset:
            time.sleep(0.05)
            connection.reset()

    return script


BROKEN: dict[str, Script] = {
    "closes at once": closes_at_once,
    "resets without reading": resets_without_reading,
    "closes without a response": closes_without_a_response,
    "resets without a response": resets_without_a_response,
    "cut within the status line": after_the_request(b"HTTP/1.1 20"),
    "cut within the headers": after_the_request(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "cut within the body": after_the_request(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
    "reset within the body": after_the_request(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", reset=True),
    "cut within a chunk": after_the_request(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc"),
    "bad chunk": after_the_request(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"),
    "no HTTP": after_the_request(b"garbage, garbage\r\n\r\n"),
    "bad header": after_the_request(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n"),
    "gzip cut short": after_the_request(
        answer(gzip.compress(os.urandom(999))[:-9], headers=("Content-Encoding: gzip",))
    ),
    "bad gzip": after_the_request(answer(b"not gzip", headers=("Content-Encoding: gzip",))),
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN.keys())
def test_a_request_with_a_broken_response_may_have_been_processed(sender: Sender, script: Script) -> None:
    with Server(script) as server:
        error = failure(sender, server.url)
    assert type(error) is APIConnectionError
    assert error.maybe_processed
    assert f"127.0.0.1:{server.port}" in str(error)
    assert server.connections == 1  # no retries


def test_a_server_that_stops_reading_may_have_seen_the_request(sender: Sender) -> None:
    with Server(resets) as server:
        assert failure(sender, server.url, content=b"x" * 10_000_000).maybe_processed


def test_a_request_on_a_broken_kept_connection_is_not_retried(sender: Sender) -> None:
    def once(connection: Connection) -> None:
        connection.receive()
        connection.send(answer())
        connection.receive()

    with Server(once) as server:
        sender.send(ask(server.url))
        assert failure(sender, server.url).maybe_processed
    assert (len(server.requests), server.connections) == (2, 1)


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
def test_a_silent_server_may_have_processed_the_request(sender: Sender, begun: bytes) -> None:
    def silent(connection: Connection) -> None:
        connection.receive()
        connection.send(begun)
        connection.wait_for_close()

    with Server(silent) as server:
        error = failure(sender, server.url, timeout=0.3)
    assert type(error) is APITimeoutError
    assert error.maybe_processed
    assert str(error) == f"no response from 127.0.0.1:{server.port} within 0.3 s"


def test_each_request_has_its_own_timeout(sender: Sender) -> None:
    def slow(connection: Connection) -> None:
        while connection.receive():
            time.sleep(0.4)
            connection.send(answer())

    with Server(slow) as server:
        with pytest.raises(APITimeoutError):
            sender.send(ask(server.url, timeout=0.1))
        assert sender.send(ask(server.url, timeout=2.0)).status == 200


def test_connection_refused(sender: Sender) -> None:
    with socket.socket() as bound:  # reserves the port without listening
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        error = failure(sender, f"http://{address}")
    assert not error.maybe_processed
    assert str(error).startswith(f"cannot connect to {address}: ")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_unknown_host(sender: Sender, scheme: str) -> None:
    error = failure(sender, f"{scheme}://nowhere.invalid")
    assert not error.maybe_processed
    assert str(error).startswith("cannot connect to nowhere.invalid: ")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1",
        "nowhere",
        "http://127.0.0.1:port",
        "http://a..b",
        "http://[::",
        "http://local\thost",
        f"http://{'a.' * 130}b",
        "http://h/é",
    ],
)
def test_an_invalid_url_is_not_sent(sender: Sender, url: str) -> None:
    with pytest.raises(APIConnectionError) as caught:
        sender.send(ask(f"{url}/path?{QUERY}"))
    assert not caught.value.maybe_processed
    assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("end", ["\nX: y", "\ud800", "\x00"])
def test_a_malformed_header_is_not_sent_and_not_revealed(sender: Sender, end: str) -> None:
    with Server(answer()) as server:
        request = Request("GET", server.url, {"Authorization": f"Bearer {TOKEN}{end}"}, None, 5.0)
        with pytest.raises(APIConnectionError) as caught:
            sender.send(request)
    assert not server.requests
    assert_tells_no_secret(caught.value)


def speaks_no_tls(connection: Connection) -> None:
    connection.socket.recv(65536)
    connection.send(answer())


def hangs_up(connection: Connection) -> None:
    connection.socket.recv(65536)


def resets(connection: Connection) -> None:
    connection.socket.recv(65536)
    connection.reset()


@pytest.mark.parametrize("script", [speaks_no_tls, hangs_up, resets])
def test_a_failed_tls_handshake_was_not_processed(sender: Sender, script: Script) -> None:
    with Server(script) as server:
        error = failure(sender, f"https://127.0.0.1:{server.port}")
    assert not error.maybe_processed
    assert str(error).startswith(f"cannot connect to 127.0.0.1:{server.port}: ")


def test_a_connect_timeout(open_sender: Callable[[], Sender], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "CONNECT_TIMEOUT", timedelta(seconds=0.3))
    sender = open_sender()
    timeout = 1.0 if "Pyreqwest" in sender.name else 0.3
    with Server(lambda connection: connection.wait_for_close()) as server:
        error = failure(sender, f"https://127.0.0.1:{server.port}", timeout=timeout)
    assert type(error) is APITimeoutError
    assert not error.maybe_processed
    assert str(error).startswith(f"no connection to 127.0.0.1:{server.port} within ")


def test_a_timeout_while_connecting(sender: Sender) -> None:
    with Server(lambda connection: connection.wait_for_close()) as server:
        error = failure(sender, f"https://127.0.0.1:{server.port}", timeout=0.3)
    assert type(error) is APITimeoutError
    assert error.maybe_processed == ("Pyreqwest" in sender.name)  # pyreqwest cannot tell; see CONNECT_TIMEOUT


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("created_in_child", [True, False])
def test_pyreqwest_says_that_it_cannot_fork(*, created_in_child: bool) -> None:
    # In a separate process: forking this one, with its threads, would warn.
    script = f"""
import os, signal, warnings
from realtimekit.errors import APIConnectionError
from realtimekit.interfaces import Request
from realtimekit.transports.pyreqwest import PyreqwestTransport
warnings.simplefilter("ignore")
transport = PyreqwestTransport()
if os.fork() == 0:
    signal.alarm(10)
    try:
        if {created_in_child}:
            transport = PyreqwestTransport()
        transport.send(Request("GET", "http://127.0.0.1:9/", {{}}, None, 1.0))
    except APIConnectionError as error:
        os._exit(0 if not error.maybe_processed and "forked" in str(error) else 3)
    os._exit(4)
raise SystemExit(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_certificates_that_cannot_be_read(open_sender: Callable[[], Sender], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(ConfigurationError, match="SSL_CERT_FILE"):
        open_sender().send(ask("https://127.0.0.1:9"))


@pytest.mark.parametrize(
    "url", ["foo://user:{}@127.0.0.1:1", "http://user:{}@127.0.0.1:port", "http://user:{}@a..b:1", "http://user:{}@:1"]
)
def test_an_invalid_proxy(
    open_sender: Callable[[], Sender], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, url: str
) -> None:
    if "a..b" in url and "Pyreqwest" in request.node.name:
        pytest.skip("pyreqwest notices it only when it connects")
    monkeypatch.setenv("HTTPS_PROXY", url.format(PASSWORD))
    sender = open_sender()
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY") as caught:
        sender.send(ask("https://api.example.invalid"))
    assert_tells_no_secret(caught.value)
    with Server(answer(b"direct")) as server:
        assert sender.send(ask(server.url)).content == b"direct", "what is not used is not judged"
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert "cannot connect" in str(failure(open_sender(), "https://127.0.0.1:9"))
