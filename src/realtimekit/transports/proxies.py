"""The proxies named in the environment, by the rules that curl and most others go by."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

import httpcore2

SCHEMES = {"http", "https", "socks5", "socks5h"}


class Proxies:
    """Which proxy a request goes through.

    `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY` name them (lower case wins; macOS and Windows: else the system's
    settings), `NO_PROXY` what needs none: names with all that ends in them, with a port or without, addresses,
    networks (10.0.0.0/8), or `*`.
    """

    def __init__(self) -> None:
        """Raise `ValueError` or `ImportError` if one cannot be used."""
        named = _named()
        self._exceptions = [name.strip().lower() for name in named.pop("no", "").split(",") if name.strip()]
        self._by_scheme = {
            scheme: _proxy(named[scheme])
            for scheme in ("http", "https", "all")
            if named.get(scheme) and "*" not in self._exceptions
        }

    def proxy_for(self, scheme: str, host: str, port: int) -> httpcore2.Proxy | None:
        """The proxy to use, if any."""
        if not self._by_scheme:
            return None
        proxy = self._by_scheme.get(scheme) or self._by_scheme.get("all")
        return None if proxy is None or any(_covers(name, host, port) for name in self._exceptions) else proxy


def _named() -> dict[str, str]:
    if sys.platform not in {"darwin", "win32"} and not any(name.lower().endswith("_proxy") for name in os.environ):
        return {}
    from urllib.request import getproxies

    return getproxies()


def _proxy(address: str) -> httpcore2.Proxy:
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError(parts.scheme)
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ImportError(name="socksio")
    auth = None
    if parts.username is not None:
        auth = (unquote(parts.username).encode(), unquote(parts.password or "").encode())
    return httpcore2.Proxy(
        httpcore2.URL(scheme=parts.scheme, host=parts.hostname.encode("idna"), port=parts.port, target="/"), auth=auth
    )


def _covers(name: str, host: str, port: int) -> bool:
    name = name.rpartition("://")[2].removeprefix("*").removeprefix(".")
    if name in {host, f"{host}:{port}", f"[{host}]", f"[{host}]:{port}"}:
        return True
    try:
        return ip_address(host) in ip_network(name, strict=False)
    except ValueError:  # one of the two is a name
        return host.endswith(f".{name}") or f"{host}:{port}".endswith(f".{name}")
