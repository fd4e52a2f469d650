"""`realtimekit mcp` as programs run it, with the configuration of docs/mcp.md: on stdin and stdout, and over HTTP."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import anyio
import click
import httpx2
import pytest
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from realtimekit import settings
from realtimekit.cli.mcp import TOKEN_VARIABLE
from realtimekit.cli.mcp import mcp as command
from tests.archive.raw import make_archive, put_session, transcript, update
from tests.cli.command import COMMAND, environment, error_line, run
from tests.conftest import Demo

from .official import checked, connected

if TYPE_CHECKING:
    from collections.abc import Generator

DOCUMENT = Path(__file__).parents[2] / "docs" / "mcp.md"
TOKEN = "a-token-that-is-long-enough"
INITIALIZE = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}  # fmt: skip


def configurations() -> list[dict[str, Any]]:
    """Return the servers that the blocks of the document configure, in its order."""
    blocks = re.findall(r"^```json\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    documents = [json.loads(block) for block in blocks]
    return [server for each in documents for server in (each.get("mcpServers") or each["servers"]).values()]


def on_stdio() -> list[dict[str, Any]]:
    return [server for server in configurations() if "command" in server]


@contextmanager
def started(*arguments: str, **variables: str) -> Generator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE
    env = environment(**variables)
    with subprocess.Popen([COMMAND, "mcp", *arguments], env=env, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            process.kill()


# --- on stdin and stdout ----------------------------------------------------------------------------------------------


def test_the_configuration_of_the_document_works(demo: Demo, capfd: pytest.CaptureFixture[str]) -> None:
    given = on_stdio()[0]
    assert set(given["env"]) <= set(demo.environment)
    parameters = StdioServerParameters(
        command=str(Path(COMMAND).with_name(given["command"])), args=given["args"], env=environment(**demo.environment)
    )

    async def use(client: Client) -> Any:
        await client.list_tools()
        return await client.call_tool("get_transcript", {"session_id": "sess-1", "start": "1:00"})

    found = checked(connected(stdio_client(parameters), use))
    assert found["segments"][0]["untrusted"]["speaker"] == "Alice"
    assert capfd.readouterr() == ("", "")


def test_every_configuration_is_one_of_the_command() -> None:
    """Its arguments can be parsed, and its variables are read."""
    assert len(on_stdio()) == 3
    for server in on_stdio():
        name, *arguments = server["args"]
        assert (server["command"], name) == ("realtimekit", "mcp")
        copy(command).make_context("mcp", [*arguments])  # click keeps the help option of the first context
        assert set(server["env"]) <= set(settings.ENVIRONMENT.values())
        assert server.get("type", "stdio") == "stdio"
    (http,) = [server for server in configurations() if "url" in server]
    defaults = {
        parameter.name: parameter.default for parameter in command.params if isinstance(parameter, click.Option)
    }
    assert http["url"] == f"http://{defaults['host']}:{defaults['port']}/mcp"
    assert http["headers"] == {"Authorization": "Bearer ..."}
    assert f"`{TOKEN_VARIABLE}`" in DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(number: int, tmp_path: Path) -> None:
    """With 0, at once, though stdin is open; and stdout has the protocol alone."""
    make_archive(tmp_path)
    with started("--archive", str(tmp_path)) as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps(INITIALIZE).encode() + b"\n")
        process.stdin.flush()
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "realtimekit"
        process.send_signal(number)
        assert process.wait(30) == 0
        assert (process.stdout.read(), read(process.stderr)) == (b"", b"")


def test_the_end_of_stdin_ends_it(tmp_path: Path) -> None:
    """What is not JSON on stdin does not."""
    make_archive(tmp_path)
    with started("--archive", str(tmp_path)) as process:
        stdout, stderr = process.communicate(b"nonsense\n\xff\x00\n" + json.dumps(INITIALIZE).encode() + b"\n", 30)
        assert process.returncode == 0
    messages = [json.loads(line) for line in stdout.splitlines()]
    assert messages[-1]["id"] == 1
    assert b"Traceback" not in stderr


def read(stream: IO[bytes] | None) -> bytes:
    assert stream is not None
    return stream.read()


# --- over HTTP --------------------------------------------------------------------------------------------------------


class Served(NamedTuple):
    """A server over HTTP."""

    url: str
    process: subprocess.Popen[bytes]

    def post(self, **headers: str) -> tuple[int, bytes]:
        return self.request("POST", json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode(), headers)

    def request(self, method: str, body: bytes | None, headers: dict[str, str], query: str = "") -> tuple[int, bytes]:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        common = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        request = urllib.request.Request(self.url + query, body, common | names, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    archive = make_archive(tmp_path_factory.mktemp("archive"))
    put_session(archive, "s1", transcript=transcript((0, "Alice", "the budget")))
    update(archive)
    arguments = ("--http", "--port", "0", "--archive", archive.target, "--allow-host", "mcp.example.com")
    with started(*arguments, **{TOKEN_VARIABLE: TOKEN}) as process:
        assert process.stderr is not None
        url = process.stderr.readline().decode().split()[-1]
        assert process.stderr.readline().decode() == f"Authorization: Bearer {TOKEN}\n"
        assert process.stderr.readline() == b"Ctrl-C stops it.\n"
        yield Served(url, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert read(process.stdout) == b""
        noted = process.stderr.read().decode()
        assert TOKEN not in noted
        assert "Traceback" not in noted


def test_the_official_client_over_http(served: Served) -> None:
    async def use(client: Client) -> Any:
        await client.list_tools()
        return await client.call_tool("search_transcripts", {"words": "budget"})

    async def main() -> Any:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as http,
            Client(streamable_http_client(served.url, http_client=http)) as client,
        ):
            return await use(client)

    for result in (anyio.run(main), connected(f"{served.url}?token={TOKEN}", use)):
        (match,) = checked(result)["matches"]
        assert match["citation"] == "s1 00:00:00"


def test_who_is_let_in(served: Served) -> None:
    bearer = f"Bearer {TOKEN}"
    port = served.url.split(":")[-1].partition("/")[0]
    assert served.post(authorization=bearer)[0] == 200
    for host in ("localhost", f"localhost:{port}", "127.0.0.1", "mcp.example.com", "mcp.example.com:443"):
        assert served.post(authorization=bearer, host=host)[0] == 200, host
    for origin in ("http://localhost:3000", "https://mcp.example.com"):
        assert served.post(authorization=bearer, origin=origin)[0] == 200, origin
    assert served.request("POST", b"{}", {}, f"?token={TOKEN}")[0] == 400  # it is in, and says nothing


def test_who_is_not(served: Served) -> None:
    bearer = f"Bearer {TOKEN}"
    for authorization in ("", "Bearer", "Bearer x", bearer[:-1], f"{bearer}x", f"Basic {TOKEN}", TOKEN, "Bearer \xe9"):
        status, text = served.post(authorization=authorization)
        assert (status, text) == (401, b"the token is missing or wrong: send it as `Authorization: Bearer TOKEN`\n")
    for query in ("?token=x", "?token=%ff", "?other=%D9%A1", f"?token={TOKEN}%ff"):
        assert served.request("POST", b"{}", {}, query)[0] == 401
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example:80"):
        assert served.post(authorization=bearer, host=host)[0] == 421, host
    for origin in ("http://evil.example", "null", "http://localhost.evil.example", "https://127.0.0.1.evil.example:1"):
        assert served.post(authorization=bearer, origin=origin)[0] == 403, origin
    assert served.request("GET", None, {"authorization": bearer}) == (405, b"send requests with POST\n")
    assert served.request("DELETE", None, {"authorization": bearer})[0] == 405
    assert served.request("POST", b"", {"authorization": bearer, "content_length": "5000000"})[0] == 413
    assert served.request("POST", b"nonsense", {"authorization": bearer})[0] == 400


# --- how it does not start --------------------------------------------------------------------------------------------


def test_without_settings() -> None:
    assert "CLOUDFLARE_API_TOKEN" in error_line("mcp", env=environment())


def test_without_an_archive(tmp_path: Path) -> None:
    assert str(tmp_path / "none") in error_line("mcp", "--archive", str(tmp_path / "none"), env=environment())


def test_a_port_that_is_taken(served: Served, tmp_path: Path) -> None:
    make_archive(tmp_path)
    port = served.url.split(":")[-1].partition("/")[0]
    line = error_line("mcp", "--http", "--port", port, "--archive", str(tmp_path), env=environment())
    assert line == f"Error: cannot listen on 127.0.0.1:{port}: Address already in use; --port 0 picks a free port"


def test_a_host_that_does_not_exist(tmp_path: Path) -> None:
    make_archive(tmp_path)
    line = error_line("mcp", "--http", "--host", "no.invalid", "--archive", str(tmp_path), env=environment())
    assert line.startswith("Error: cannot listen on no.invalid:8789: ")
    assert not re.search(r"Unknown error|-\d|while attempting", line)


def test_an_error_names_the_extra(tmp_path: Path) -> None:
    (tmp_path / "mcp.py").write_text("raise ModuleNotFoundError(\"No module named 'mcp'\", name='mcp')\n")
    make_archive(tmp_path / "archive")
    env = environment(PYTHONPATH=f"{tmp_path}:{environment().get('PYTHONPATH', '')}")
    result = run("mcp", "--archive", str(tmp_path / "archive"), env=env)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "Error: the MCP server needs the extra `mcp`: pip install 'realtimekit[mcp]'\n"
