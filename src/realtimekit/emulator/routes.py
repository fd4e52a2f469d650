"""Routes: which handler answers which method and path, and what it takes and returns."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import unquote

from realtimekit.emulator.context import Context
from realtimekit.emulator.http import JSON, HTTPError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.emulator.schema import Properties, Schema

Handler: TypeAlias = Callable[[Context], JSON]


class Route(NamedTuple):
    method: str
    template: str
    handler: Handler
    query: Properties
    body: Properties | None  # None: it takes no body
    status: int  # of a success
    response: Schema  # of a success
    errors: Mapping[int, str]  # the reason for each status, besides those that every route has
    pattern: re.Pattern[str]


class Routes:
    """A table of routes. Of two that match, the one with fewer placeholders wins: `/webhooks/all` over an id."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.table: list[Route] = []
        self._by_handler: dict[Handler, Route] = {}

    def add(
        self,
        method: str,
        template: str,
        *,
        response: Schema,
        query: Properties | None = None,
        body: Properties | None = None,
        status: int = 200,
        errors: Mapping[int, str] = MappingProxyType({}),
    ) -> Callable[[Handler], Handler]:
        """Declare the handler of a route, with the schemas of what it takes and returns."""

        def declare(handler: Handler) -> Handler:
            path = self.prefix + template
            pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path))
            route = Route(method, path, handler, query or {}, body, status, response, errors, pattern)
            self._by_handler[handler] = route
            self.table.append(route)
            self.table.sort(key=lambda route: route.template.count("{"))
            return handler

        return declare

    def of(self, handler: Handler) -> Route:
        """Return the route that a handler was declared for."""
        return self._by_handler[handler]

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route, and the parameters in the path.

        Raises:
            HTTPError: 404 or 405, naming the closest routes.
        """
        others = []
        for route in self.table:
            if found := route.pattern.fullmatch(path):
                if route.method == method:
                    return route, {name: unquote(value) for name, value in found.groupdict().items()}
                others.append(route.method)
        if others:
            raise HTTPError(405, f"{path} takes {', '.join(others)}, not {method}")
        raise HTTPError(404, f"no route {method} {path}; near: {', '.join(self._near(method, path)) or 'none'}")

    def _near(self, method: str, path: str) -> list[str]:
        names = [f"{route.method} {route.template.removeprefix(API_PREFIX)}" for route in self.table]
        wanted = re.sub(r"^/client/v4/accounts/[^/]+/realtime/kit(/(?!apps\b)[^/]+(?=/))?", _without_app, path)
        return difflib.get_close_matches(f"{method} {wanted}", names, 4, 0.3)


def _without_app(prefix: re.Match[str]) -> str:
    """Return what the templates have in place of the ids, which would resemble one route or another by chance."""
    return "/{app_id}" if prefix[1] else ""


API_PREFIX = "/client/v4/accounts/{account_id}/realtime/kit"
CONTROL_PREFIX = "/_emulator"
API = Routes(API_PREFIX)
CONTROL = Routes(CONTROL_PREFIX)
