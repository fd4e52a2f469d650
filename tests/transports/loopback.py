"""Raw-socket servers on 127.0.0.1 that do exactly what a test tells them, valid or not."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    import ssl


class Received(NamedTuple):
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes


class Connection:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, log: list[Received]) -> None:
        self.socket = sock
        self._log = log
        self._buffer = b""

    def receive(self) -> Received | None:
        """Wait for a request and return it; None if the client closed the connection."""
        head = self._read(lambda: self._buffer.find(b"\r\n\r\n") + 1)
        if head is None:
            return None
        lines = head.decode("latin-1").splitlines()
        self._buffer = self._buffer.removeprefix(b"\n\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", "0"))
        body = self._read(lambda: length if len(self._buffer) >= length else 0) if length else b""
        request = Received(method, target, headers, body or b"")
        self._log.append(request)
        return request

    def _read(self, ready: Callable[[], int]) -> bytes | None:
        while not (end := ready()):
            data = self.socket.recv(65536)
            if not data:
                return None
            self._buffer += data
        taken, self._buffer = self._buffer[:end], self._buffer[end:]
        return taken

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        """Close with RST: the client sees "connection reset by peer"."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def wait_for_close(self) -> None:
        """Send nothing until the client gives up."""
        while self.socket.recv(65536):
            pass


Script = Callable[[Connection], None]


def answer(body: bytes = b"{}", *, status: str = "200 OK", headers: tuple[str, ...] = ()) -> bytes:
    """Return a complete HTTP/1.1 response."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def always(data: bytes) -> Script:
    """Return a script that sends the same response to every request and keeps the connection."""

    def script(connection: Connection) -> None:
        while connection.receive():
            connection.send(data)

    return script


class Server:
    """Runs its script in a thread per connection; ends with the `with` block."""

    def __init__(self, script: Script | bytes, *, tls: ssl.SSLContext | None = None) -> None:
        self._script = always(script) if isinstance(script, bytes) else script
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.requests: list[Received] = []
        self.connections = 0
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which closing alone does not
        self._listener.close()
        self._threads[0].join()
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def connections_within(self, seconds: float, expected: int) -> int:
        """How many there are as soon as these were expected: the thread that counts them may be behind its clients."""
        end = time.monotonic() + seconds
        while self.connections < expected and time.monotonic() < end:
            time.sleep(0.001)
        return self.connections

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                self._sockets.append(sock)
                self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        # OSError: the client is gone, refuses the certificate, or the test is over.
        with contextlib.suppress(OSError), sock:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._sockets.append(sock)
            with sock:
                self._script(Connection(sock, self.requests))


def proxy(origin: int) -> Script:
    """Return the script of an HTTP proxy that tunnels to port `origin`, whatever the host; it answers GET itself."""

    def script(connection: Connection) -> None:
        while request := connection.receive():
            if request.method == "CONNECT":
                with socket.create_connection(("127.0.0.1", origin)) as upstream:
                    connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    _pump(connection.socket, upstream)
                return
            connection.send(answer(b"from the proxy"))

    return script


def socks(origin: int, greetings: list[bytes]) -> Script:
    """Return the script of a SOCKS5 proxy (RFC 1928, 1929) that connects to port `origin`, whatever the host.

    It asks for a password if the client offers one. `greetings` collects the messages of the negotiation.
    """

    def script(connection: Connection) -> None:
        sock = connection.socket
        greetings.append(sock.recv(257))
        with_password = 2 in greetings[-1][2:]
        sock.sendall(b"\x05\x02" if with_password else b"\x05\x00")
        if with_password:
            greetings.append(sock.recv(513))
            sock.sendall(b"\x01\x00")
        greetings.append(sock.recv(262))
        with socket.create_connection(("127.0.0.1", origin)) as upstream:
            sock.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
            _pump(sock, upstream)

    return script


def _pump(one: socket.socket, other: socket.socket) -> None:
    peer = {one: other, other: one}
    while True:
        for sock in select.select([one, other], [], [])[0]:
            data = sock.recv(65536)
            if not data:
                return
            peer[sock].sendall(data)
