"""The official client, in this process or with a server of its own."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import anyio
from mcp import Client
from mcp.types import TextContent

from realtimekit import RealtimeKit
from realtimekit.archive import Archive
from realtimekit.mcp_server import create_server

T = TypeVar("T")
MAX_RESULT = 50_000  # characters, whatever the archive holds


def connected(server: Any, use: Callable[[Client], Awaitable[T]]) -> T:
    """Return what is done with a client of a server: an `MCPServer`, a URL or a transport."""

    async def main() -> T:
        async with Client(server) as client:
            return await use(client)

    return anyio.run(main)


def of_archive(archive: Archive) -> Any:
    return create_server(RealtimeKit(transport=archive.transport()), archive)


class Caller:
    """Calls the tools of a server, and checks what is true of every result.

    The official client itself validates results against the tools' schemas.
    """

    def __init__(self, server: Any) -> None:
        self._server = server

    def results(self, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
        async def use(client: Client) -> list[Any]:
            await client.list_tools()  # for the schemas
            return [await client.call_tool(name, arguments) for name, arguments in calls]

        return connected(self._server, use)

    def ok(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that must succeed, and return its structured result."""
        (result,) = self.results((name, arguments))
        return checked(result)

    def error(self, name: str, **arguments: Any) -> str:
        """Call a tool that must fail, and return its message."""
        (result,) = self.results((name, arguments))
        assert result.is_error, result
        (content,) = result.content
        assert "\n" not in content.text
        return str(content.text)

    def pages(self, name: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """Follow the cursors to the end."""
        cursor: str | None = None
        for _ in range(1000):
            page = self.ok(name, **arguments, **({"cursor": cursor} if cursor else {}))
            yield page
            cursor = page.get("next_cursor")
            if cursor is None:
                return
        raise AssertionError("the pages do not end")


def checked(result: Any) -> dict[str, Any]:
    """Return a structured result that is no error, has a bounded size, and says the same as its text."""
    assert not result.is_error, result.content
    (content,) = result.content
    assert isinstance(content, TextContent)
    assert len(content.text) <= MAX_RESULT
    document: dict[str, Any] = result.structured_content
    assert json.loads(content.text) == document
    assert "untrusted" in document["notice"]
    return document


def trusted(value: Any) -> Iterator[str]:
    """Iterate over the texts of a result outside `untrusted`, and all its keys."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield name
            if name != "untrusted":
                yield from trusted(child)
    elif isinstance(value, list):
        for child in value:
            yield from trusted(child)
    elif isinstance(value, str):
        yield value


def texts(value: Any) -> Iterator[str]:
    """Iterate over all texts of a result."""
    if isinstance(value, dict):
        for child in value.values():
            yield from texts(child)
    elif isinstance(value, list):
        for child in value:
            yield from texts(child)
    elif isinstance(value, str):
        yield value
