"""The proxies that the environment names, as pyreqwest has them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from pyreqwest.client import ClientBuilder, SyncClientBuilder
from pyreqwest.http import Url
from pyreqwest.proxy import ProxyBuilder

if TYPE_CHECKING:
    from collections.abc import Callable

Builder = TypeVar("Builder", ClientBuilder, SyncClientBuilder)

PROXIES = {"http_proxy": ProxyBuilder.http, "https_proxy": ProxyBuilder.https, "all_proxy": ProxyBuilder.all}
PROXY_SCHEMES = ("http://", "https://", "socks5://", "socks5h://")
UNUSABLE_PROXY = "cannot use the proxy: check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"


def add_proxies(client: Builder) -> Builder:
    """Use the environment as `ProxySettings` does: lower case takes precedence, and `NO_PROXY=*` disables all."""
    environment = _proxy_environment()
    if not environment.keys() & PROXIES.keys():
        return client  # pyreqwest uses the proxies of the operating system
    client = client.no_proxy()
    no_proxy = [host.strip() for host in environment.get("no_proxy", "").split(",")]
    if "*" in no_proxy:
        return client
    for name, proxy in PROXIES.items():
        if url := _proxy_url(environment.get(name, "")):
            client = client.proxy(proxy(url).no_proxy(",".join(host.removeprefix("*") for host in no_proxy)))
    return client


def _proxy_environment() -> dict[str, str]:
    # Sorted, so that lowercase names win. In CGI programs (REQUEST_METHOD), a client can set HTTP_PROXY by a header.
    names = [name for name in sorted(os.environ) if name != "HTTP_PROXY" or "REQUEST_METHOD" not in os.environ]
    return {name.lower(): os.environ[name] for name in names}


def _proxy_url(address: str) -> str | None:
    """Return the URL of a proxy; None if there is none, or one that pyreqwest cannot use."""
    url = address if "://" in address else f"http://{address}"
    if url.startswith("socks://"):  # as GNOME sets it; the proxy looks names up, as with httpcore2
        url = f"socks5h{url.removeprefix('socks')}"
    if not address or not url.startswith(PROXY_SCHEMES):
        return None
    try:
        ProxyBuilder.all(url)
    except ValueError:
        return None
    return url


def unusable_proxies() -> Callable[[str], bool] | None:
    """Return a predicate for URLs that need a proxy that pyreqwest cannot use; None if there is no such proxy.

    Such a proxy affects only the requests that would go through it.
    """
    environment = _proxy_environment()
    unusable = {address for name in PROXIES if (address := environment.get(name)) and _proxy_url(address) is None}
    if not unusable:
        return None
    from realtimekit.transports.httpcore2.proxies import ProxySettings

    settings = ProxySettings.from_environment()

    def is_unusable(url: str) -> bool:
        parts = Url(url)
        host, port = (parts.host_str or "").strip("[]"), parts.port_or_known_default or 0
        return settings.address_for(parts.scheme, host, port) in unusable

    return is_unusable
