"""Which requests are accepted: those of programs on this machine, not those that a web page makes a browser send."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from realtimekit.emulator.http import HTTPError, is_json
from realtimekit.emulator.routes import CONTROL_PREFIX

if TYPE_CHECKING:
    from realtimekit.emulator.http import Request


def check_host_and_origin(request: Request) -> None:
    """Refuse what a web page of somebody else could have sent.

    A page can point a name of its own at this machine (DNS rebinding), so the Host must be an address, localhost, or a
    name that nobody can register: one without a dot (a container's), or under `.internal`, which is reserved. A page
    can also post forms and plain text to any address, so requests to the control plane must have no Origin, and their
    bodies must be sent as JSON, which a page cannot do without a CORS preflight.

    Raises:
        HTTPError: 403 or 415.
    """
    host = request.headers.get("host", "")
    if not _is_safe(host):
        raise HTTPError(
            403, f"the Host {host!r} could be anybody's: use localhost, an address, or a name without a dot"
        )
    if request.path.startswith(CONTROL_PREFIX):
        if "origin" in request.headers or request.headers.get("sec-fetch-site", "none") != "none":
            raise HTTPError(403, "the control plane accepts no requests from web pages")
        if request.body and not is_json(request):
            raise HTTPError(415, "send the body as application/json")


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
