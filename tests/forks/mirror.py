"""A server whose responses name the requested id and the connection."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.transports.loopback import Connection, Server, answer

PAGES, PER_PAGE = 4, 3


class CallReport(NamedTuple):
    """A call, as seen by the process that made it."""

    pid: int
    client: str
    requested: str
    returned: str
    connection: int
    transports: list[str]  # of the client, in that process


def call_reports(reports: Iterable[list[Any]]) -> list[CallReport]:
    """Return the reports that were sent as JSON."""
    return [CallReport(*report) for report in reports]


def mirror() -> Server:
    """Return the server: `GET .../sessions/{id}`, and `GET .../sessions` in four pages."""
    numbers = itertools.count(1)

    def script(connection: Connection) -> None:
        number = next(numbers)
        while request := connection.receive():
            if found := re.search(r"/sessions/([^/?]+)", request.target):
                body: dict[str, Any] = {"success": True, "data": {"id": found[1], "connection": number}}
            else:
                page = re.search(r"page_no=(\d+)", request.target)
                body = _page(int(page[1]) if page else 1)
            connection.send(answer(json.dumps(body).encode(), headers=("content-type: application/json",)))

    return Server(script)


def _page(number: int) -> dict[str, Any]:
    first = (number - 1) * PER_PAGE + 1
    sessions = [{"id": f"s-{n}"} for n in range(first, first + PER_PAGE)]
    paging = {"total_count": PAGES * PER_PAGE, "start_offset": first, "end_offset": first + PER_PAGE - 1}
    return {"success": True, "data": {"sessions": sessions}, "paging": paging}


def assert_nothing_is_mixed(before: list[CallReport], after: list[CallReport]) -> None:
    """Every response has the requested id, and no two processes used the same connection."""
    assert all(call.requested == call.returned for call in [*before, *after])
    connections: dict[int, set[int]] = {}
    for call in [*before, *after]:
        connections.setdefault(call.connection, set()).add(call.pid)
    assert all(len(pids) == 1 for pids in connections.values()), connections
    parents = {call.pid for call in before}
    children = [call for call in after if call.pid not in parents]
    assert children
    for call in children:
        assert "yreqwest" not in "".join(call.transports), "pyreqwest does not work after a fork"
