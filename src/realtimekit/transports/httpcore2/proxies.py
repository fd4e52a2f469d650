"""The proxies that the environment names, by the rules that curl and most other clients follow."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

import httpcore2

from realtimekit.errors import ConfigurationError

_SCHEMES = {"http", "https", "socks5", "socks5h"}


class ProxySettings:
    """Which proxy a request goes through.

    `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY` name the proxies; lower case takes precedence. On macOS and Windows the
    settings of the system apply if none is set. `NO_PROXY` lists exceptions: host names, which include their
    subdomains, with or without a port; addresses; networks (10.0.0.0/8); or `*`.
    """

    def __init__(self) -> None:
        """Read the environment.

        Raises:
            ValueError, ImportError: a proxy cannot be used.
        """
        settings = _read_settings()
        self._no_proxy = [name.strip().lower() for name in settings.pop("no", "").split(",") if name.strip()]
        self._by_scheme = {
            scheme: _parse_proxy(settings[scheme])
            for scheme in ("http", "https", "all")
            if settings.get(scheme) and "*" not in self._no_proxy
        }

    @classmethod
    def from_environment(cls) -> ProxySettings:
        """As the constructor, with an error that does not quote the password of a proxy.

        Raises:
            ConfigurationError: a proxy cannot be used.
        """
        try:
            return cls()
        except (ValueError, ImportError):
            pass
        # Raised outside the `except` block, where neither that error nor its frames become its context.
        raise ConfigurationError(
            "cannot use the proxy: check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY (socks5:// needs `pip install socksio`)"
        )

    def proxy_for(self, scheme: str, host: str, port: int) -> httpcore2.Proxy | None:
        """Return the proxy to use, or None for a direct connection."""
        if not self._by_scheme:
            return None
        proxy = self._by_scheme.get(scheme) or self._by_scheme.get("all")
        return None if proxy is None or any(_matches(name, host, port) for name in self._no_proxy) else proxy


def _read_settings() -> dict[str, str]:
    if sys.platform not in {"darwin", "win32"} and not any(name.lower().endswith("_proxy") for name in os.environ):
        return {}
    from urllib.request import getproxies

    return getproxies()


def _parse_proxy(address: str) -> httpcore2.Proxy:
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ValueError(parts.scheme)
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ImportError(name="socksio")
    auth = None
    if parts.username is not None:
        auth = (unquote(parts.username).encode(), unquote(parts.password or "").encode())
    return httpcore2.Proxy(
        httpcore2.URL(scheme=parts.scheme, host=parts.hostname.encode("idna"), port=parts.port, target="/"), auth=auth
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
