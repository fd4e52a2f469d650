"""Loads a description from a file or an https URL, as JSON or YAML, with limits on its size and time."""

from __future__ import annotations

import json
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from realtimekit.contract.document import SpecError

if TYPE_CHECKING:
    from realtimekit.interfaces import ChunkWriter, Response
    from realtimekit.transports.httpcore2 import Httpcore2Transport

MAX_BYTES = 64 * 1024 * 1024  # Cloudflare's whole description has 10 to 20 MB
MAX_NODES = 5_000_000  # of YAML, whose aliases can expand a small file
TIMEOUT = 30.0  # seconds without a byte
MAX_SECONDS = 300.0  # for the whole download
MAX_REDIRECTS = 5
REDIRECT_STATUSES = {301, 302, 303, 307, 308}


def load(source: str) -> Any:
    """Return the decoded description.

    Args:
        source: the path of a file, or a URL: https, or plain http on this machine. YAML needs the package `pyyaml`.

    Raises:
        SpecError: it is neither JSON nor YAML, or too large.
        OSError: the file cannot be read.
        APIConnectionError: no complete response arrived.
    """
    if "://" in source:
        return parse(_download(source))
    with Path(source).open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    _check_size(len(content))
    return parse(content)


def redact_source(source: str) -> str:
    """Return the source without its folder, password and query, which may be secret."""
    if "://" not in source:
        return Path(source).name
    parts = urlsplit(source)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def parse(content: bytes) -> Any:
    """Parse JSON, or else YAML.

    Raises:
        SpecError: it is neither.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SpecError("it is not UTF-8") from None
    try:
        return json.loads(text)
    except RecursionError:
        raise SpecError("it is nested too deeply") from None
    except ValueError as error:
        if text.lstrip()[:1] in {"{", "[", ""}:
            raise SpecError(f"it is not JSON: {error}") from None
    if text.lstrip().startswith("<"):
        raise SpecError("it is a web page, not a description: give the URL of the raw file")
    return _parse_yaml(text)


def _parse_yaml(text: str) -> Any:
    try:
        yaml: Any = import_module("yaml")
    except ImportError:
        raise SpecError("it is not JSON; if it is YAML, reading it needs `pip install pyyaml`") from None
    try:
        return _JSONValues().convert(yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise SpecError(f"it is neither JSON nor YAML{where}") from None
    except (RecursionError, ValueError) as error:
        if isinstance(error, SpecError):
            raise
        raise SpecError("it is nested too deeply, or has an invalid value") from None


class _JSONValues:
    """Converts YAML values to JSON ones: keys (`200:` is a number in YAML) and dates become strings."""

    def __init__(self) -> None:
        self.nodes = 0

    def convert(self, node: Any) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise SpecError("it is too large: its aliases repeat too often")
        if isinstance(node, dict):
            return {str(key): self.convert(inner) for key, inner in node.items()}
        if isinstance(node, list):
            return [self.convert(inner) for inner in node]
        return node if node is None or isinstance(node, bool | int | float | str) else str(node)


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise SpecError(f"it is larger than {MAX_BYTES // 1024 // 1024} MB")


def _download(url: str) -> bytes:
    from realtimekit.transports.httpcore2 import Httpcore2Transport  # a file needs no HTTP library

    transport = Httpcore2Transport()
    until = time.monotonic() + MAX_SECONDS
    try:
        for _ in range(MAX_REDIRECTS + 1):
            _check_url(url)
            status, body = _get(transport, url, until)
            if status not in REDIRECT_STATUSES:
                return body
            url = urljoin(url, body.decode("latin-1"))
    finally:
        transport.close()
    raise SpecError(f"{redact_source(url)} redirects more than {MAX_REDIRECTS} times")


def _check_url(url: str) -> None:
    from realtimekit.settings import is_loopback

    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise SpecError("it is not a valid URL") from None
    if not host or not url.isprintable() or " " in url or "\\" in url:
        raise SpecError("it is not a valid URL")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise SpecError(f"{redact_source(url)}: only https:// is read (http:// only from this machine)")


def _get(transport: Httpcore2Transport, url: str, until: float) -> tuple[int, bytes]:
    """Return the status and the body; for a redirect, the status and its location."""
    from realtimekit.interfaces import (
        Request,
        StreamedRequest,
    )

    body = bytearray()

    def write(chunk: bytes) -> bool:
        body.extend(chunk)
        _check_size(len(body))
        if time.monotonic() > until:
            raise SpecError(f"{redact_source(url)} was not downloaded within {MAX_SECONDS:g} s")
        return True

    def receive(head: Response) -> ChunkWriter:
        if head.status in REDIRECT_STATUSES:
            body.extend(head.headers.get("location", "").encode("latin-1"))
            return lambda _: False
        if head.status != 200:
            raise SpecError(f"{redact_source(url)} returned {head.status}")
        return write

    request = Request("GET", url, {"accept": "application/json, */*"}, None, TIMEOUT)
    head = transport.send(StreamedRequest.from_request(request, receive))
    return head.status, bytes(body)
