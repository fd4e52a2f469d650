"""A transport that returns scripted responses and records the requests; clients of both modes that use it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from realtimekit import APIConnectionError, AsyncRealtimeKit, RealtimeKit, configure
from realtimekit.interfaces import Request, Response

TOKEN = "token-of-nobody"
BASE_URL = "https://api.test/client/v4"
SETTINGS: dict[str, Any] = {"api_token": TOKEN, "account_id": "acc", "app_id": "app", "base_url": BASE_URL}
SETTINGS["limiter"] = "off"  # tests/limits has it on
BASE_PATH = "/accounts/acc/realtime/kit"


class Call(NamedTuple):
    """A request in the API's terms."""

    method: str
    path: str  # below /accounts/acc/realtime/kit, where it is there
    query: dict[str, str]
    body: Any  # decoded; None where nothing was sent


def call_of(request: Request) -> Call:
    url = urlsplit(request.url)
    path = url.path.removeprefix("/client/v4").removeprefix(BASE_PATH)
    query = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
    return Call(request.method, path, query, None if request.content is None else json.loads(request.content))


# --- answers ----------------------------------------------------------------------------------------------------------


def make_response(body: Any = None, status: int = 200, **headers: str) -> Response:
    """A response with this body: strings and bytes unchanged, None as an empty body, anything else as JSON."""
    if isinstance(body, bytes):
        content = body
    elif isinstance(body, str):
        content = body.encode()
    else:
        content = b"" if body is None else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def ok(data: Any, paging: Mapping[str, Any] | None = None) -> Response:
    """A success in RealtimeKit's envelope, with `paging` next to `data`."""
    return make_response({"success": True, "data": data, **({} if paging is None else {"paging": paging})})


def error(status: int, message: str = "as the script says", **headers: str) -> Response:
    """An error in RealtimeKit's own form."""
    return make_response({"success": False, "error": {"code": status, "message": message}}, status, **headers)


def paging_of(total: Any, start: Any, end: Any) -> dict[str, Any]:
    return {"total_count": total, "start_offset": start, "end_offset": end}


def not_sent() -> APIConnectionError:
    return APIConnectionError("cannot connect", maybe_processed=False)


def lost() -> APIConnectionError:
    return APIConnectionError("the connection broke while waiting", maybe_processed=True)


# --- the script -------------------------------------------------------------------------------------------------------

Step: TypeAlias = Response | BaseException
Server: TypeAlias = Callable[[Call], Step]


class Script:
    """Responses in a given order, or from a function. One request too many fails the test."""

    def __init__(self, *steps: Step, server: Server | None = None) -> None:
        self.requests: list[Request] = []
        self._steps = list(steps)
        self._server = server
        self._lock = threading.Lock()

    @property
    def calls(self) -> list[Call]:
        return [call_of(request) for request in self.requests]

    @property
    def call(self) -> Call:
        """The one request that was sent."""
        (call,) = self.calls
        return call

    def play(self, request: Request) -> Response:
        with self._lock:
            self.requests.append(request)
            if self._server is None and not self._steps:
                raise AssertionError(f"unexpected request: {request.method} {request.url}")
            step = self._steps.pop(0) if self._server is None else None
        if step is None:
            assert self._server is not None
            step = self._server(call_of(request))
        if isinstance(step, BaseException):
            raise step
        return step


class ScriptedTransport:
    def __init__(self, script: Script) -> None:
        self.script = script

    def send(self, request: Request, /) -> Response:
        return self.script.play(request)


class AsyncScriptedTransport:
    def __init__(self, script: Script) -> None:
        self.script = script

    async def send(self, request: Request, /) -> Response:
        return self.script.play(request)


def client_of(script: Script, **settings: Any) -> RealtimeKit:
    return RealtimeKit(transport=ScriptedTransport(script), **{**SETTINGS, **settings})


def async_client_of(script: Script, **settings: Any) -> AsyncRealtimeKit:
    return AsyncRealtimeKit(transport=AsyncScriptedTransport(script), **{**SETTINGS, **settings})


def default_to(script: Script) -> None:
    """Make class methods such as `Session.find(...)` use this script."""
    given: dict[str, Any] = {**SETTINGS, "transport": ScriptedTransport(script)}
    configure(**given)


class Mode(NamedTuple):
    """The sync or the async mode, so that one test covers both clients."""

    asynchronous: bool

    def client(self, script: Script, **settings: Any) -> Any:
        return (async_client_of if self.asynchronous else client_of)(script, **settings)

    def get(self, value: Any) -> Any:
        """Return the result of a call, awaited in async mode."""
        assert asyncio.iscoroutine(value) == self.asynchronous
        return asyncio.run(value) if self.asynchronous else value

    def each(self, items: Any) -> list[Any]:
        """Return the items of an iteration as a list."""
        if not self.asynchronous:
            return list(items)

        async def collect() -> list[Any]:
            return [item async for item in items]

        return asyncio.run(collect())
