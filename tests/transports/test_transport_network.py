"""The way to the server: trusted certificates and proxies, from the environment."""

from __future__ import annotations

import os
import ssl
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpcore2
import pytest
import trustme

from .loopback import Server, answer, proxy, socks
from .transport_checks import PASSWORD, Sender, ask, failure

if TYPE_CHECKING:
    from pathlib import Path

Open = Callable[[], Sender]

BASIC = "Basic dTpzM2NyZXQtcGFzc3dvcmQ="  # u:s3cret-password


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost", "api.example.invalid").configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


@pytest.mark.usefixtures("trusted")
def test_a_private_authority_is_trusted_if_named(open_sender: Open, tls: ssl.SSLContext) -> None:
    with Server(answer(b"hello"), tls=tls) as server:
        assert open_sender().send(ask(server.url)).content == b"hello"


@pytest.mark.usefixtures("trusted")
def test_the_ca_file_takes_precedence_over_the_folder(
    open_sender: Open, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
    with Server(answer(b"hello"), tls=tls) as server:
        assert open_sender().send(ask(server.url)).content == b"hello"


def test_several_ca_folders(
    open_sender: Open, tls: ssl.SSLContext, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In OpenSSL's format: the file names are hashes, and the folders are separated by the path separator."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    hashed = subprocess.run(
        ["openssl", "x509", "-hash", "-noout", "-in", str(tmp_path / "ca.pem")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    (tmp_path / "ca.pem").rename(tmp_path / f"{hashed}.0")
    monkeypatch.setenv("SSL_CERT_DIR", f"/nowhere{os.pathsep}{tmp_path}")
    with Server(answer(b"hello"), tls=tls) as server:
        assert open_sender().send(ask(server.url)).content == b"hello"


def test_a_private_authority_is_not_trusted_otherwise(sender: Sender, tls: ssl.SSLContext) -> None:
    with Server(answer(), tls=tls) as server:
        error = failure(sender, server.url)
    assert not error.maybe_processed
    assert f"the TLS certificate of 127.0.0.1:{server.port} was not accepted" in str(error)
    assert "SSL_CERT_FILE" in str(error)
    assert not server.requests


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_host(open_sender: Open, authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example.invalid").configure_cert(context)
    with Server(answer(), tls=context) as server:
        error = failure(open_sender(), server.url)
    assert not error.maybe_processed
    assert "certificate of 127.0.0.1" in str(error)


@pytest.mark.usefixtures("trusted")
def test_certificates_are_read_once(
    open_sender: Open, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, tmp_path: Path
) -> None:
    """By httpcore2, for all transports: each event loop has its own, and reading the certificates takes 20 ms."""
    read: list[str] = []
    context = httpcore2.default_ssl_context

    def recorded() -> ssl.SSLContext:
        read.append(os.environ["SSL_CERT_FILE"])
        return context()

    monkeypatch.setattr(httpcore2, "default_ssl_context", recorded)
    with Server(answer(), tls=tls) as server:
        senders = [open_sender(), open_sender()]
        if "Pyreqwest" in senders[0].name:
            pytest.skip("pyreqwest reads them itself")
        assert [sender.send(ask(server.url)).status for sender in senders] == [200, 200]
        assert len(read) == 1
        authority.cert_pem.write_to_path(str(tmp_path / "other.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
        assert open_sender().send(ask(server.url)).status == 200
        assert len(read) == 2
        trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
        assert "certificate" in str(failure(open_sender(), server.url))
    assert len(read) == 3


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_http_goes_through_the_proxy(open_sender: Open, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    with Server(proxy(0)) as server:
        monkeypatch.setenv(variable, f"http://u:{PASSWORD}@127.0.0.1:{server.port}")
        response = open_sender().send(ask("http://api.example.invalid/a%2Fb?c=%2F"))
    assert response.content == b"from the proxy"
    (request,) = server.requests
    assert request.target == "http://api.example.invalid/a%2Fb?c=%2F"
    assert request.headers["proxy-authorization"] == BASIC


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_https_tunnels_through_the_proxy(
    open_sender: Open, monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext, variable: str
) -> None:
    with Server(answer(b"hello"), tls=tls) as origin, Server(proxy(origin.port)) as server:
        monkeypatch.setenv(variable, f"http://u:{PASSWORD}@127.0.0.1:{server.port}")
        sender = open_sender()
        assert [sender.send(ask("https://api.example.invalid/a%2Fb")).content for _ in range(2)] == [b"hello"] * 2
    (connect,) = server.requests
    assert (connect.method, connect.target) == ("CONNECT", "api.example.invalid:443")
    assert connect.headers["proxy-authorization"] == BASIC
    assert "authorization" not in connect.headers
    assert [request.target for request in origin.requests] == ["/a%2Fb"] * 2
    assert "proxy-authorization" not in origin.requests[0].headers


@pytest.mark.usefixtures("trusted")
def test_certificates_are_checked_through_the_proxy(open_sender: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("api.example.invalid").configure_cert(context)
    with Server(answer(), tls=context) as origin, Server(proxy(origin.port)) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        error = failure(open_sender(), "https://api.example.invalid")
    assert not error.maybe_processed
    assert "certificate of api.example.invalid" in str(error)


def test_a_proxy_that_refuses(open_sender: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server(answer(status="407 Proxy Authentication Required")) as server:
        monkeypatch.setenv("HTTPS_PROXY", f"http://u:{PASSWORD}@127.0.0.1:{server.port}")
        error = failure(open_sender(), "https://api.example.invalid")
    assert not error.maybe_processed
    assert "authentication required" in str(error).lower() or "authorization required" in str(error)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(open_sender: Open, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with Server(answer()) as server:
        pass
    monkeypatch.setenv("ALL_PROXY", f"http://u:{PASSWORD}@127.0.0.1:{server.port}")
    assert not failure(open_sender(), f"{scheme}://api.example.invalid").maybe_processed


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("encrypted", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("user", ["", f"u:{PASSWORD}@"], ids=["open", "password"])
@pytest.mark.parametrize("named", ["socks5h", "socks"])  # the second is how GNOME names it
def test_through_a_socks_proxy(
    open_sender: Open, monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext, user: str, named: str, *, encrypted: bool
) -> None:
    told: list[bytes] = []
    scheme = "https" if encrypted else "http"
    with Server(answer(b"hello"), tls=tls if encrypted else None) as origin, Server(socks(origin.port, told)) as server:
        monkeypatch.setenv("ALL_PROXY", f"{named}://{user}127.0.0.1:{server.port}")
        sender = open_sender()
        url = f"{scheme}://api.example.invalid/a%2Fb"
        assert [sender.send(ask(url)).content for _ in range(2)] == [b"hello"] * 2
    assert server.connections == 1
    assert b"api.example.invalid" in told[-1]  # the proxy looks the name up
    assert (PASSWORD.encode() in b"".join(told)) == bool(user)
    assert [request.target for request in origin.requests] == ["/a%2Fb"] * 2


@pytest.mark.parametrize(
    ("environment", "host", "way"),
    [
        ({"HTTPS_PROXY": "{proxy}"}, "127.0.0.1", "direct"),
        ({"HTTP_PROXY": "{bare}"}, "127.0.0.1", "proxy"),
        ({"HTTP_PROXY": "{proxy}", "ALL_PROXY": "http://127.0.0.1:9"}, "127.0.0.1", "proxy"),
        ({"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "{proxy}"}, "127.0.0.1", "proxy"),
        ({"HTTP_PROXY": "{proxy}", "http_proxy": ""}, "127.0.0.1", "direct"),
        ({"HTTP_PROXY": "{proxy}", "REQUEST_METHOD": "GET"}, "127.0.0.1", "direct"),
        ({"http_proxy": "{proxy}", "REQUEST_METHOD": "GET"}, "127.0.0.1", "proxy"),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": "127.0.0.1"}, "127.0.0.1", "direct"),
        ({"HTTP_PROXY": "{proxy}", "no_proxy": "127.0.0.1"}, "127.0.0.1", "direct"),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": "other", "no_proxy": "127.0.0.1"}, "127.0.0.1", "direct"),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": "*"}, "127.0.0.1", "direct"),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": "other, *"}, "127.0.0.1", "direct"),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": "127.0.0.0/8"}, "127.0.0.1", "direct"),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": "10.0.0.0/8, 127.0.0.1"}, "127.0.0.1", "direct"),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": "10.0.0.0/8,,"}, "127.0.0.1", "proxy"),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": "LocalHost"}, "localhost", "direct"),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": "127.0.0.1"}, "localhost", "proxy"),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": "host"}, "localhost", "proxy"),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": "example.invalid"}, "api.example.invalid", "nowhere"),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": ".example.invalid"}, "api.example.invalid", "nowhere"),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": "*.example.invalid"}, "api.example.invalid", "nowhere"),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": "example.invalid"}, "myexample.invalid", "proxy"),
    ],
)
def test_rules(
    open_sender: Open, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], host: str, way: str
) -> None:
    with Server(answer(b"direct")) as origin, Server(proxy(0)) as server:
        for name, value in environment.items():
            monkeypatch.setenv(name, value.format(proxy=server.url, bare=f"127.0.0.1:{server.port}"))
        sender = open_sender()
        if way == "nowhere":  # asked for itself, the host is not found
            assert "cannot connect" in str(failure(sender, f"http://{host}"))
        else:
            body = sender.send(ask(f"http://{host}:{origin.port}")).content
            assert body == {"direct": b"direct", "proxy": b"from the proxy"}[way]
    assert len(server.requests) == (way == "proxy")
