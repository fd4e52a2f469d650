"""One operation of the API for table-driven tests: the call, its request, the response and the expected result."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from .scripted import Call, Mode, Script, ok

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)


def call(method: str, path: str, body: Any = None, **query: str) -> Call:
    return Call(method, path, query, body)


class Operation(NamedTuple):
    act: Callable[[Any], Any]  # called with a client
    sent: Call
    data: Any  # `data` of the response
    look: Callable[[Any], Any] = lambda result: (type(result).__name__, result.to_dict())
    seen: Any = None  # what `look` returns for the result; None: the record with this data

    def check(self, mode: Mode) -> None:
        script = Script(ok(self.data))
        result = mode.get(self.act(mode.client(script)))
        assert script.call == self.sent
        assert self.look(result) == self.seen


def record(kind: type[Any], data: dict[str, Any]) -> Any:
    return kind.__name__, data
