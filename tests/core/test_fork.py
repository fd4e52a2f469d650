"""After a fork, a client in the child creates its own connections, with a library that is safe after a fork."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

# Both processes ask twice; the server tells from which socket (its client's port) each request came.
STORY = """
    import json, os, sys, threading, warnings
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: fork() and threads; the server is a thread

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            found = {"id": self.path.rpartition("/")[2], "port": self.client_address[1]}
            body = json.dumps({"success": True, "data": found}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    import realtimekit
    from realtimekit.flow import Sync

    url = f"http://127.0.0.1:{server.server_port}"
    settings = dict(api_token="t", account_id="a", app_id="b", base_url=url, transport=sys.argv[1])
    realtimekit.configure(**settings)
    client = realtimekit.RealtimeKit()
    session = client.sessions.ref("s")

    def story():
        found = [client.sessions.find("s"), client.sessions.find("s"), session.reload()]
        ports = [session["port"] for session in found]
        transport = type(client._transports.get(Sync)).__name__
        return {"ports": ports, "transport": transport, "default": realtimekit.Session.find("s")["port"]}

    before = story() if sys.argv[2] == "used" else None
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            answer = story()
        except BaseException as error:
            answer = {"error": repr(error)}
        os.write(write, json.dumps(answer).encode())
        os._exit(0)
    _, status = os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        in_child = json.load(pipe)
    print(json.dumps({"before": before, "child": in_child, "after": story(), "status": status}))
    client.close()
"""


def told(transport: str, when: str) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(STORY), transport, when],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("transport", ["httpcore2", "auto"])
def test_a_client_used_before_the_fork(transport: str) -> None:
    story = told(transport, "used")
    before, child, after = story["before"], story["child"], story["after"]
    assert "error" not in child
    assert story["status"] == 0
    assert child["transport"] == "Httpcore2Transport", "pyreqwest does not work after a fork"
    assert after["transport"] == before["transport"]
    # One connection each, kept alive; the child does not speak on its parent's, and the parent keeps its own.
    assert len(set(child["ports"])) == len(set(before["ports"])) == 1
    assert child["ports"] != before["ports"]
    assert child["default"] not in {before["default"], *before["ports"]}
    assert after["ports"] == before["ports"]


@pytest.mark.parametrize("transport", ["httpcore2", "auto"])
def test_a_client_first_used_in_the_child(transport: str) -> None:
    story = told(transport, "unused")
    assert "error" not in story["child"]
    assert story["child"]["transport"] == "Httpcore2Transport"
    assert story["child"]["ports"] != story["after"]["ports"]
