"""The proxies that the environment names, by the rules that curl and most other clients follow."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import httpcore2

from realtimekit.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES = {"http", "https", "socks5", "socks5h"}


class ProxySettings:
    """Which proxy a request goes through.

    `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY` name the proxies; lower case takes precedence. On macOS and Windows the
    settings of the system apply if none is set. `NO_PROXY` lists exceptions: host names, which include their
    subdomains, with or without a port; addresses; networks (10.0.0.0/8); or `*`.

    A proxy is validated when it is first used: an invalid one does not affect requests that do not go through it.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Use these addresses of proxies, by scheme ("http", "https", "all"), and the exceptions ("no")."""
        self._no_proxy = [name.strip().lower() for name in settings.get("no", "").split(",") if name.strip()]
        schemes = () if "*" in self._no_proxy else ("http", "https", "all")
        self._by_scheme = {scheme: settings[scheme] for scheme in schemes if settings.get(scheme)}
        self._parsed: dict[str, httpcore2.Proxy] = {}

    @classmethod
    def from_environment(cls) -> ProxySettings:
        """Read the environment."""
        return cls(_read_settings())

    def address_for(self, scheme: str, host: str, port: int) -> str | None:
        """Return the address of the proxy to use, as it is set, or None for a direct connection."""
        address = self._by_scheme.get(scheme) or self._by_scheme.get("all")
        return None if not address or any(_matches(name, host, port) for name in self._no_proxy) else address

    def proxy_for(self, scheme: str, host: str, port: int) -> httpcore2.Proxy | None:
        """Return the proxy to use, or None for a direct connection.

        Raises:
            ConfigurationError: it cannot be used. The message does not quote its password.
        """
        address = self.address_for(scheme, host, port) if self._by_scheme else None
        if address is None:
            return None
        if (known := self._parsed.get(address)) is not None:
            return known
        try:
            return self._parsed.setdefault(address, _parse_proxy(address))  # two threads may get here
        except (ValueError, ImportError):
            del address  # error trackers send local variables
        # Raised outside the `except` block, where neither that error nor its frames become its context.
        raise ConfigurationError(
            "cannot use the proxy: check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY (socks5:// needs `pip install socksio`)"
        )


def _read_settings() -> dict[str, str]:
    if sys.platform not in {"darwin", "win32"} and not any(name.lower().endswith("_proxy") for name in os.environ):
        return {}
    from urllib.request import getproxies

    return getproxies()


def _parse_proxy(address: str) -> httpcore2.Proxy:
    parts = urlsplit(address if "://" in address else f"http://{address}")
    scheme = "socks5" if parts.scheme == "socks" else parts.scheme  # as GNOME sets it
    if scheme not in _SCHEMES or not parts.hostname:
        raise ValueError(scheme)
    if scheme.startswith("socks") and find_spec("socksio") is None:
        raise ImportError(name="socksio")
    auth = None
    if parts.username is not None:
        auth = (unquote(parts.username).encode(), unquote(parts.password or "").encode())
    return httpcore2.Proxy(
        httpcore2.URL(scheme=scheme, host=parts.hostname.encode("idna"), port=parts.port, target="/"), auth=auth
    )


def _matches(name: str, host: str, port: int) -> bool:
    """Whether an entry of `NO_PROXY` includes this host."""
    name = name.rpartition("://")[2].removeprefix("*").removeprefix(".")
    if name in {host, f"{host}:{port}", f"[{host}]", f"[{host}]:{port}"}:
        return True
    try:
        return ip_address(host) in ip_network(name, strict=False)
    except ValueError:  # one of the two is a host name
        return host.endswith(f".{name}") or f"{host}:{port}".endswith(f".{name}")
