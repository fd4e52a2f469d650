"""Loading descriptions from files and URLs, with limits, and with an error that says what is wrong."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from realtimekit.contract import SpecError
from realtimekit.contract import load as loading
from realtimekit.contract.load import load, parse, redact_source
from realtimekit.errors import APIConnectionError
from tests.transports.loopback import Server, answer

if TYPE_CHECKING:
    from tests.transports.loopback import Connection

SPEC = {"paths": {}, "é": 1}
CONTENT = json.dumps(SPEC, ensure_ascii=False).encode()


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "spec.json"
    file.write_bytes(b"\xef\xbb\xbf" + CONTENT)
    assert load(str(file)) == SPEC
    assert redact_source(str(file)) == "spec.json"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe{}", "UTF-8"),
        (b"<!doctype html>", "web page"),
        (b"[" * 1_000_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_content_that_is_not_a_description(content: bytes, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        parse(content)


def test_yaml_without_a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(loading, "import_module", absent)
    with pytest.raises(SpecError, match="pip install pyyaml"):
        parse(b"openapi: 3.0.3\n")


def test_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("yaml")
    monkeypatch.setattr(loading, "MAX_NODES", 10_000)
    assert parse(b"responses:\n  200: {day: 2026-01-02}\n") == {"responses": {"200": {"day": "2026-01-02"}}}
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    for bad in (bomb, "a: &a [*a]", "a: [", "a: !!python/object/apply:os.system [x]"):
        with pytest.raises(SpecError):
            parse(bad.encode())


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MAX_BYTES", 1024)
    (tmp_path / "large.json").write_bytes(b" " * 1025)
    with pytest.raises(SpecError, match="larger"):
        load(str(tmp_path / "large.json"))
    body = gzip.compress(b" " * 100_000)
    with Server(answer(body, headers=("Content-Encoding: gzip",))) as server, pytest.raises(SpecError, match="larger"):
        load(server.url)


def test_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MAX_SECONDS", -1.0)
    with Server(answer(CONTENT)) as server, pytest.raises(SpecError, match="was not downloaded within"):
        load(server.url)


def test_a_url() -> None:
    with Server(answer(CONTENT)) as server:
        assert load(f"{server.url}/spec.json?signature=s3cret") == SPEC
    assert server.requests[0].target == "/spec.json?signature=s3cret"
    assert "authorization" not in server.requests[0].headers
    assert redact_source("https://user:pw@example.com/a?signature=s3cret#x") == "https://example.com/a"


def test_redirects() -> None:
    def script(connection: Connection) -> None:
        while request := connection.receive():
            where = {"/a": "/b", "/loop": "/loop", "/away": "http://example.com/x", "/file": "file:///etc/passwd"}
            if location := where.get(request.target):
                connection.send(answer(status="302 Found", headers=(f"Location: {location}",)))
            else:
                connection.send(answer(CONTENT))

    with Server(script) as server:
        assert load(f"{server.url}/a") == SPEC
        for path, words in (("/loop", "redirects more"), ("/away", "only https"), ("/file", "URL|only https")):
            with pytest.raises(SpecError, match=words):
                load(server.url + path)


@pytest.mark.parametrize(
    "url", ["http://example.com/a", "ftp://localhost/a", "https://", "https://a b/", "https://a:b/"]
)
def test_urls_that_are_not_read(url: str) -> None:
    with pytest.raises(SpecError, match=r"URL|only https"):
        load(url)


def test_no_response() -> None:
    with Server(answer(status="404 Not Found")) as server, pytest.raises(SpecError, match="returned 404"):
        load(f"{server.url}/x?signature=s3cret")
    with pytest.raises(APIConnectionError):
        load("https://api.invalid/spec.json")
