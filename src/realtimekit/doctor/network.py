"""Why there was no response: the transport's error, and an additional check of the host name and the port."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from realtimekit.doctor.problem import Problem
from realtimekit.errors import APITimeoutError

if TYPE_CHECKING:
    from realtimekit.errors import APIConnectionError

_OPEN_FIREWALL = "allow this machine to reach it over TCP, or name a proxy in HTTPS_PROXY"


def diagnose_connection(base_url: str, error: APIConnectionError, timeout: float) -> Problem:
    """Return the problem behind a request without a response.

    The HTTP libraries report different errors. So the name is resolved and the port is connected to again, without
    sending anything; behind a proxy, those of the proxy.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    evidence = str(error)
    if proxy := _find_proxy(parts.scheme, parts.netloc):
        variable, host, port = proxy
        return _behind_proxy(variable, host, port, evidence, timeout)
    if error.maybe_processed:
        if isinstance(error, APITimeoutError):
            fixes = ("try again", "increase --timeout (timeout=)", "see https://www.cloudflarestatus.com")
            return Problem("timeout", f"{host} was reached, but did not respond in time", fixes, evidence)
        check = f"check that {base_url} is the API and not another service, a firewall or a filter"
        message = f"{host} was reached, but the connection broke before it responded"
        return Problem("connection", message, ("try again", check), evidence)
    if "certificate" in evidence.lower():
        fixes = (
            "if your network inspects TLS, set SSL_CERT_FILE to the PEM file of its certificate authority",
            "check this machine's clock: certificates are only valid for a certain time",
            f"check that {base_url} is the right address",
        )
        return Problem("tls", f"the TLS certificate of {host} is not trusted on this machine", fixes, evidence)
    return _connecting(host, port, evidence, timeout, encrypted=parts.scheme == "https")


def _behind_proxy(variable: str, host: str, port: int, evidence: str, timeout: float) -> Problem:
    failure = _try_connection(host, port, timeout)
    message = {
        "dns": f"the name of the proxy {host} cannot be resolved",
        "refused": f"nothing is listening at the proxy's address {host}:{port}",
        "timeout": f"the proxy {host}:{port} does not accept connections",
        "connection": f"the proxy {host}:{port} cannot be reached",
    }.get(failure, f"the proxy {host}:{port} is running, but did not connect to the API")
    fixes = [f"correct or remove {variable}", "if the API needs no proxy, add its host to NO_PROXY"]
    if not failure:
        fixes.insert(
            1, "if the proxy needs a user name and password, add them to its URL; if it filters, allow the API"
        )
    return Problem("proxy", message, tuple(fixes), evidence)


def _connecting(host: str, port: int, evidence: str, timeout: float, *, encrypted: bool) -> Problem:
    failure = _try_connection(host, port, timeout)
    if failure == "dns":
        fixes = (f"check the spelling of {host} in base_url", "check this machine's network and its DNS server")
        return Problem("dns", f"the name {host} cannot be resolved", fixes, evidence)
    if failure == "refused":
        fixes = (
            f"start the server that should listen there (the emulator: realtimekit emulator --port {port})",
            "check the host and port of base_url",
        )
        return Problem("refused", f"nothing is listening at {host}:{port}", fixes, evidence)
    if failure == "timeout":
        message = f"{host}:{port} does not accept connections: most likely a firewall blocks them"
        return Problem("timeout", message, (_OPEN_FIREWALL, "increase --timeout (timeout=)"), evidence)
    if failure == "connection":
        return Problem(
            "connection", f"{host}:{port} cannot be reached", ("check this machine's network", _OPEN_FIREWALL), evidence
        )
    if encrypted:
        fixes = (
            f"check that {host}:{port} speaks TLS, and that base_url's port is right",
            "if a firewall or a virus scanner inspects TLS, exclude this host",
        )
        return Problem("tls", f"{host}:{port} accepts connections, but no TLS connection can be made", fixes, evidence)
    return Problem("connection", f"{host}:{port} accepts connections now, but did not before", ("try again",), evidence)


def _try_connection(host: str, port: int, timeout: float) -> str:
    """Return how a TCP connection fails: "dns", "refused", "timeout", "connection", or "" if it does not."""
    import socket  # not needed for the emulator's transport

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


def _find_proxy(scheme: str, netloc: str) -> tuple[str, str, int] | None:
    """Return the proxy that the environment sets for a URL: the variable, the host and the port."""
    from urllib.request import getproxies, proxy_bypass  # slow to import

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
