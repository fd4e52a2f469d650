"""Which handler answers which method and path."""

from __future__ import annotations

import difflib
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from realtimekit.emulator.wire import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from realtimekit.emulator.shapes import Shape, Shapes

KIT = "/client/v4/accounts/{account_id}/realtime/kit"


class Route(NamedTuple):
    method: str
    template: str
    handler: Callable[..., Any]
    query: Shapes
    body: Shapes | None  # None: it takes no body
    status: int  # of a success
    answer: Shape  # of a success
    refuses: Mapping[int, str]  # why with which status, besides what every route may refuse
    pattern: re.Pattern[str]


class Routes:
    """A table of routes. Of two that match, the one with fewer placeholders wins: `/webhooks/all` is no webhook."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.table: list[Route] = []

    def add(
        self,
        method: str,
        template: str,
        *,
        answer: Shape,
        query: Shapes | None = None,
        body: Shapes | None = None,
        status: int = 200,
        refuses: Mapping[int, str] = MappingProxyType({}),
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare the handler of a route, with the shapes of what it takes and gives."""

        def declare(handler: Callable[..., Any]) -> Callable[..., Any]:
            pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.prefix + template))
            whole = self.prefix + template
            self.table.append(Route(method, whole, handler, query or {}, body, status, answer, refuses, pattern))
            self.table.sort(key=lambda route: route.template.count("{"))
            return handler

        return declare

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and the ids in the path.

        Raises:
            Refusal: 404 or 405, naming the routes that are near.
        """
        others = []
        for route in self.table:
            if found := route.pattern.fullmatch(path):
                if route.method == method:
                    return route, {name: unquote(value) for name, value in found.groupdict().items()}
                others.append(route.method)
        if others:
            raise Refusal(405, f"{path} takes {', '.join(others)}, not {method}")
        raise Refusal(404, f"no route {method} {path}; near: {', '.join(self._near(method, path)) or 'none'}")

    def _near(self, method: str, path: str) -> list[str]:
        names = [f"{route.method} {route.template.removeprefix(KIT)}" for route in self.table]
        wanted = re.sub(r"^/client/v4/accounts/[^/]+/realtime/kit", "", path)
        return difflib.get_close_matches(f"{method} {wanted}", names, 4, 0.3)
