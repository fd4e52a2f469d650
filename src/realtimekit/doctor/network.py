"""Why no answer came: what the transport said, and a look of our own at the name and the port."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from realtimekit.doctor.problem import Problem
from realtimekit.errors import APITimeoutError

if TYPE_CHECKING:
    from realtimekit.errors import APIConnectionError

_OUT = "allow this machine to reach it over TCP, or name a proxy in HTTPS_PROXY"


def unreachable(base_url: str, error: APIConnectionError, timeout: float) -> Problem:
    """The problem behind a request without an answer.

    The transports' libraries differ in what they tell. So the name is looked up and the port is tried once more here,
    with nothing sent; behind a proxy it is the proxy that is tried.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    said = str(error)
    if proxy := _proxy(parts.scheme, parts.netloc):
        variable, host, port = proxy
        return _behind_proxy(variable, host, port, said, timeout)
    if error.maybe_processed:
        if isinstance(error, APITimeoutError):
            slow = ("try again", "ask for more time with --timeout (timeout=)", "see https://www.cloudflarestatus.com")
            return Problem("timeout", f"{host} was reached, but did not answer in time", slow, said)
        broken = ("try again", f"check that {base_url} is the API and not another service, a firewall or a filter")
        return Problem("connection", f"{host} was reached, but the connection broke before it answered", broken, said)
    if "certificate" in said.lower():
        cures = (
            "if your network inspects TLS, set SSL_CERT_FILE to the PEM file of its certificate authority",
            "check this machine's clock: certificates hold for a certain time only",
            f"check that {base_url} is the right address",
        )
        return Problem("tls", f"the TLS certificate of {host} is not trusted here", cures, said)
    return _connecting(host, port, said, timeout, encrypted=parts.scheme == "https")


def _behind_proxy(variable: str, host: str, port: int, said: str, timeout: float) -> Problem:
    step = _try(host, port, timeout)
    text = {
        "dns": f"the proxy's name {host} cannot be looked up",
        "refused": f"nothing listens at the proxy's address {host}:{port}",
        "timeout": f"the proxy {host}:{port} does not take connections",
        "connection": f"the proxy {host}:{port} cannot be connected to",
    }.get(step, f"the proxy {host}:{port} is there, but gave no connection to the API")
    cures = [f"correct or remove {variable}", "if no proxy is needed for the API, add its host to NO_PROXY"]
    if not step:
        cures.insert(
            1, "if the proxy asks for a name and password, put them into its URL; if it filters, allow the API"
        )
    return Problem("proxy", text, tuple(cures), said)


def _connecting(host: str, port: int, said: str, timeout: float, *, encrypted: bool) -> Problem:
    step = _try(host, port, timeout)
    if step == "dns":
        cures = (f"check the spelling of {host} in base_url", "check this machine's network and its DNS server")
        return Problem("dns", f"the name {host} cannot be looked up", cures, said)
    if step == "refused":
        cures = (
            f"start what should listen there (the emulator: realtimekit emulator --port {port})",
            "check host and port in base_url",
        )
        return Problem("refused", f"nothing listens at {host}:{port}", cures, said)
    if step == "timeout":
        text = f"{host}:{port} does not take connections: most likely a firewall drops them"
        return Problem("timeout", text, (_OUT, "ask for more time with --timeout (timeout=)"), said)
    if step == "connection":
        return Problem(
            "connection", f"{host}:{port} cannot be connected to", ("check this machine's network", _OUT), said
        )
    if encrypted:
        cures = (
            f"check that {host}:{port} speaks TLS, and that base_url's port is right",
            "if a firewall or a virus scanner looks into TLS, let it pass this host",
        )
        return Problem("tls", f"{host}:{port} takes connections, but no TLS connection comes about", cures, said)
    return Problem("connection", f"{host}:{port} takes connections now, but did not before", ("try again",), said)


def _try(host: str, port: int, timeout: float) -> str:
    """At which step a bare connection fails: "dns", "refused", "timeout", "connection", or "" where it does not."""
    import socket  # noqa: PLC0415 - the emulator's transport needs none

    try:
        with closing(socket.create_connection((host, port), timeout)):
            return ""
    except (socket.gaierror, UnicodeError):
        return "dns"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "timeout"
    except OSError:
        return "connection"


def _proxy(scheme: str, netloc: str) -> tuple[str, str, int] | None:
    """The proxy that the environment names for a URL: which variable, its host and port."""
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - slow to import

    if proxy_bypass(netloc):
        return None
    proxies = getproxies()
    for kind in (scheme, "all"):
        if address := proxies.get(kind):
            parts = urlsplit(address if "://" in address else f"http://{address}")
            ports = {"https": 443, "socks5": 1080, "socks5h": 1080}
            names = (f"{kind}_proxy", f"{kind.upper()}_PROXY")
            variable = next((name for name in names if os.environ.get(name)), names[1])
            return variable, parts.hostname or "", parts.port or ports.get(parts.scheme, 80)
    return None
