"""What the console and the MCP server share: the socket that they listen on, and how uvicorn sends their responses."""

from __future__ import annotations

import socket
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 picks a free port.

    Raises:
        OSError: the address or port cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


class Protocol(H11Protocol):
    """HTTP without an access log, which would contain the token, without delays, and without tracebacks for bad input.

    `access_log=False` would silence all servers of the process.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        # Head and body are written one after the other: without this the second waits for the client's ACK, 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send_400_response(self, msg: str) -> None:
        self._abandon()  # what it sends, after this response or in the middle of its own, is an error
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:
            self.transport.close()

    def shutdown(self) -> None:
        super().shutdown()
        cycle = self._cycle()
        if cycle is not None and cycle.more_body and not cycle.response_started:
            self._abandon()  # the rest of the request may never come
            self.transport.close()

    def _abandon(self) -> None:
        """Let the request end, if there is one, as if its client were gone."""
        if (cycle := self._cycle()) is not None:
            cycle.disconnected = True
            cycle.message_event.set()

    def _cycle(self) -> RequestResponseCycle | None:
        return self.cycle  # its declared type says nothing of the time before the first request

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: the warning is about packages to install."""
