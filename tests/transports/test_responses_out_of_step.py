"""A server or proxy that sends too much: no call gets the response to another one."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from realtimekit import AsyncRealtimeKit, DecodeError, RealtimeKit
from realtimekit.interfaces import StreamedRequest

from .loopback import Server, answer
from .transport_checks import Sender, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .loopback import Connection, Received


def response_to(request: Received) -> bytes:
    return answer(json.dumps({"success": True, "data": {"id": request.target.rpartition("/")[2]}}).encode())


def twice(connection: Connection) -> None:
    while request := connection.receive():
        connection.send(response_to(request) * 2)


def twice_with_half_of_the_second(connection: Connection) -> None:
    while request := connection.receive():
        connection.send(response_to(request) + response_to(request)[:20])


def one_behind(connection: Connection) -> None:
    """Respond to each request but the first with the response to the previous one, as after one that was sent twice."""
    request, late = connection.receive(), None
    while request:
        connection.send(response_to(late or request))
        late, request = request, connection.receive()


def settings(url: str) -> dict[str, Any]:
    return {"api_token": "t", "account_id": "a", "app_id": "app", "base_url": url, "limiter": "off"}


@pytest.fixture(params=["httpcore2", "pyreqwest", "async httpcore2", "async pyreqwest"])
def open_find(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Callable[[str], Any]]]:
    """For the URL of a server: `sessions.find` of a client, which blocks in either mode."""
    transport = request.param.rpartition(" ")[2]
    with asyncio.Runner() as runner:
        clients: list[Any] = []

        def opened(url: str) -> Callable[[str], Any]:
            if "async" not in request.param:
                clients.append(client := RealtimeKit(**settings(url), transport=transport))
                return client.sessions.find
            clients.append(waiting := AsyncRealtimeKit(**settings(url), transport=transport))

            async def find(id: str) -> Any:
                return await waiting.sessions.find(id)

            return lambda name: runner.run(find(name))

        yield opened
        for client in clients:
            closing = client.close()
            if closing is not None:
                runner.run(closing)


@pytest.mark.parametrize("script", [twice, twice_with_half_of_the_second])
def test_bytes_after_a_response_end_the_connection(sender: Sender, script: Callable[[Connection], None]) -> None:
    with Server(script) as server:
        for name in "abc":
            assert json.loads(sender.send(ask(f"{server.url}/{name}")).content)["data"] == {"id": name}
    assert server.connections == 3


def test_bytes_after_a_response_that_was_not_read_to_its_end(sender: Sender) -> None:
    with Server(twice) as server:
        request = StreamedRequest.from_request(ask(f"{server.url}/a"), lambda _: lambda _chunk: False)
        assert sender.send(request).status == 200
        assert json.loads(sender.send(ask(f"{server.url}/b")).content)["data"] == {"id": "b"}


def test_the_record_is_the_requested_one(open_find: Callable[[str], Callable[[str], Any]]) -> None:
    with Server(twice) as server:
        find = open_find(server.url)
        assert [find(name).id for name in "abcd"] == list("abcd")


def test_after_the_response_to_another_request_its_connection_is_not_used_again(
    open_find: Callable[[str], Callable[[str], Any]],
) -> None:
    with Server(one_behind) as server:
        find = open_find(server.url)
        assert find("a").id == "a"
        with pytest.raises(DecodeError, match=r"^the response is about another record: its id is 'a', not 'b'$"):
            find("b")
        assert find("c").id == "c"
    assert server.connections == 2
