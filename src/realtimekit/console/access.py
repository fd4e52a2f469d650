"""Who may use the console: whoever has the link that it printed, from a page of its own, under a name of this machine.

The link holds a token that works once: it is exchanged for a cookie, and leaves the address bar. Other pages in the
same browser cannot read or post anything: the cookie is SameSite=Strict, requests with a foreign `Origin` are refused,
posts need `Origin` and a token of the form, and a name that somebody points at this machine (DNS rebinding) is refused
by its `Host`.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from realtimekit.settings import is_loopback

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN = "token"  # noqa: S105 - the name of the parameter
STATIC = "/static/"
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # without it, browsers send `Origin: null` with forms
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Access:
    """ASGI middleware that refuses everybody else's requests.

    Attributes:
        token: the secret of the link; None once it was used.
        form_token: what the forms of the pages hold.

    Args:
        app: what is protected.
        cookie: the name of the cookie: consoles on other ports have their own.
        local: whether the console listens on this machine alone, so that its names are those of this machine.
    """

    def __init__(self, app: ASGIApp, *, cookie: str, local: bool = True) -> None:
        self._app, self._cookie, self._local = app, cookie, local
        self.token: str | None = secrets.token_urlsafe(32)
        self._secret = secrets.token_urlsafe(32)
        self.form_token: str = hmac.new(self._secret.encode(), b"form", hashlib.sha256).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in given),
                ]
            await send(message)

        response = self._respond(Request(scope))
        await (response or self._app)(scope, receive, send_safely)

    def _respond(self, request: Request) -> Response | None:
        """Return the response to a request that is not for the pages; None if they may respond."""
        if (reason := self._foreign(request)) is not None:
            return _refusal(reason)
        if request.url.path.startswith(STATIC):
            return None
        if request.method == "GET" and TOKEN in request.query_params:
            return self._exchange(request)
        if not self._is_admitted(request):
            return _refusal(
                "Open the link that <code>realtimekit console</code> printed. It works once, in one browser: "
                "start the console again for a new one."
            )
        return None

    def _foreign(self, request: Request) -> str | None:
        """Return why a request is not one that a page of the console makes."""
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if not self._is_own(host):
            return "This console answers only to the names of this machine, such as localhost."
        if origin is not None and origin != f"http://{host}":
            return "This request comes from another page."
        if origin is None and request.method not in {"GET", "HEAD"}:
            return "This request does not say which page it comes from."
        return None

    def _is_admitted(self, request: Request) -> bool:
        return hmac.compare_digest(request.cookies.get(self._cookie, "").encode(), self._secret.encode())

    def _exchange(self, request: Request) -> Response:
        """Exchange the token of the link for the cookie."""
        given = request.query_params[TOKEN].encode()
        fetched_ahead = "prefetch" in request.headers.get("sec-purpose", "")  # nobody has opened it yet
        if not self._is_admitted(request):
            if self.token is None or fetched_ahead or not hmac.compare_digest(given, self.token.encode()):
                return _refusal(
                    "This link has been used, or is not the one that <code>realtimekit console</code> printed. "
                    "Start the console again for a new one."
                )
            self.token = None
        rest = [(name, value) for name, value in parse_qsl(request.url.query) if name != TOKEN]
        # A path that begins with // would lead to another host.
        path = "/" + request.url.path.lstrip("/")
        target = path + (f"?{urlencode(rest)}" if rest else "")
        response: Response = RedirectResponse(target, 303)
        if request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            # The link was clicked in a page, such as a chat or a terminal in the browser: what that page leads to,
            # redirects included, is sent no cookie that is SameSite=Strict. What our page leads to is.
            response = _page(
                f'<meta http-equiv="refresh" content="0; url={escape(target)}">', "Console",
                f'<p><a href="{escape(target)}">Open the console</a></p>', 200,
            )  # fmt: skip
            response.headers["referrer-policy"] = "no-referrer"
        response.set_cookie(self._cookie, self._secret, httponly=True, samesite="strict")
        return response

    def _is_own(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if is_loopback(name):
            return True
        return not self._local and _is_address(name)  # who names an address cannot have rebound a name


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _refusal(reason: str) -> Response:
    """Return a page that says why; `reason` is ours, and HTML."""
    return _page("", "Refused", f"<p>{reason}</p>", 403)


def _page(head: str, title: str, body: str, status: int) -> Response:
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8">{head}<title>{title} – RealtimeKit console</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/static/report.css">'
        f'<main class="refusal"><h1>{title}</h1>{body}</main></html>',
        status,
    )
