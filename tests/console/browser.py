"""A plain client of the console: it sends what it is told, and keeps the cookie."""

from __future__ import annotations

import re
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from realtimekit.console import Server
from tests.report.meeting import Page


class Answer(NamedTuple):
    """A response of the console."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def page(self) -> Page:
        """As an independent parser sees it; what everybody's text could have become is checked on the way."""
        page = Page(self.text)
        assert [element.attributes for element in page.named("script")] == [{"src": "/static/app.js", "defer": None}]
        assert not page.named("iframe")
        assert not page.named("img")
        assert not page.named("style")
        assert not [name for element in page.elements for name in element.attributes if name.startswith("on")]
        assert not [element for element in page.elements if "style" in element.attributes]
        return page


class Plain:
    """Sends requests to a console."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.host = urlsplit(server.origin).netloc
        self.cookie: str | None = None

    def send(self, method: str, target: str, body: bytes | None = None, **headers: str | None) -> Answer:
        """Send a request; underscores in names of headers are hyphens, and None leaves one out."""
        given: dict[str, str | None] = {"host": self.host, "cookie": self.cookie}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = HTTPConnection(self.host, timeout=30)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                if value is not None:
                    connection.putheader(name, value.encode("latin-1", "replace"))
            if body is not None:
                connection.putheader("content-length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def get(self, target: str, **headers: str | None) -> Answer:
        return self.send("GET", target, None, **headers)

    def open(self) -> Answer:
        """Open the link, and keep the cookie."""
        answer = self.get(self.server.url.removeprefix(self.server.origin))
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def form_token(self) -> str:
        """Return what the forms of the pages hold."""
        return str(self.server.app.state.form_token)

    def post(self, target: str, /, **fields: str) -> Answer:
        """Send a form as a page of the console does."""
        body = urlencode({"form_token": self.form_token(), **fields}).encode()
        kind = "application/x-www-form-urlencoded"
        return self.send("POST", target, body, origin=self.server.origin, content_type=kind)

    def ok(self, target: str) -> Answer:
        """Return a page that must be there."""
        answer = self.get(target)
        assert answer.status == 200, re.sub(r"\s+", " ", answer.text)[-600:]
        return answer


def opened(server: Server) -> Plain:
    """Return a client that has opened the link of a console."""
    client = Plain(server)
    assert client.open().status == 303
    return client
