"""S3 that fails: a proxy on loopback in front of a real server."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

DENIED = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>no</Message>'
    "<AWSAccessKeyId>{key}</AWSAccessKeyId><SignatureProvided>5c0ffee</SignatureProvided></Error>"
)


class FaultyS3:
    """A context manager.

    Args:
        port: of the real server.
        act: says for each request, by its method, path and number, what happens to it: "serve", "503" (not carried
            out), "lost" (carried out, and then 503), "412" (carried out, and then 412), "slow", "half" (the response
            breaks off), "cut" (no response), "403" (wrong credentials).
    """

    def __init__(self, port: int, act: Callable[[str, str, int], str]) -> None:
        self.requests: list[tuple[str, str, str]] = []  # method, path and what happened
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None: ...

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                with lock:
                    what = act(self.command, self.path, len(outer.requests) + 1)
                    outer.requests.append((self.command, self.path, what))
                if what == "slow":
                    time.sleep(0.05)
                status, headers, content = 503, dict[str, str](), b"<Error><Code>SlowDown</Code></Error>"
                if what not in {"503", "cut", "403"}:
                    status, headers, content = self.forward(body)
                if what == "cut":
                    self.close_connection = True
                    return
                if what in {"lost", "412"}:
                    status, headers, content = (503 if what == "lost" else 412), {}, b"<Error/>"
                if what == "403":
                    denied = DENIED.format(code="SignatureDoesNotMatch", key=self.headers["authorization"])
                    status, content = 403, denied.encode()
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in {"connection", "transfer-encoding", "content-length", "date", "server"}:
                        self.send_header(name, value)
                length = headers.get("Content-Length") if self.command == "HEAD" else None
                self.send_header("Content-Length", length or str(len(content)))
                self.end_headers()
                if what == "half" and len(content) > 1:
                    self.wfile.write(content[: len(content) // 2])
                    self.close_connection = True
                elif self.command != "HEAD":
                    self.wfile.write(content)

            def forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                try:
                    connection.request(self.command, self.path, body, dict(self.headers))
                    response = connection.getresponse()
                    return response.status, dict(response.getheaders()), response.read()
                finally:
                    connection.close()

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815

        outer: Any = self
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint: str = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
