"""Whose requests are taken: those of programs on this machine, not those that a web page makes a browser send."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from realtimekit.emulator.control import PREFIX
from realtimekit.emulator.wire import Refusal

if TYPE_CHECKING:
    from realtimekit.emulator.wire import Incoming


def refuse_foreign(request: Incoming) -> None:
    """Refuse what a foreign page could have sent.

    A page can point a name of its own at this machine (DNS rebinding), so the Host must be an address, localhost, or a
    name that nobody can own: one without a dot (a container's), or under `.internal`, which is reserved. And a page can
    post forms and texts to any address, so calls of the control plane must have no Origin, and a body must be sent as
    JSON, which a page may do only with leave.

    Raises:
        Refusal: 403 or 415.
    """
    host = request.headers.get("host", "")
    if not _is_safe(host):
        raise Refusal(403, f"the Host {host!r} could be anybody's: use localhost, an address, or a name without a dot")
    if request.path.startswith(PREFIX):
        if "origin" in request.headers or request.headers.get("sec-fetch-site", "none") != "none":
            raise Refusal(403, "the control plane takes no requests from web pages")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.body and kind != "application/json":
            raise Refusal(415, "send the body as application/json")


def _is_safe(host: str) -> bool:
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    if name and ("." not in name or name.endswith((".localhost", ".internal"))):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
