"""Reading a description: from a file or an https URL, as JSON or YAML, never more of it than is reasonable."""

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

MOST_BYTES = 64 * 1024 * 1024  # the whole of Cloudflare's description takes some 10 to 20 MB
MOST_NODES = 5_000_000  # of YAML, whose aliases can make much of little
TIMEOUT = 30.0  # seconds without a byte
LONGEST = 300.0  # seconds for all of it
MOST_REDIRECTS = 5
REDIRECTS = {301, 302, 303, 307, 308}


def read(place: str) -> Any:
    """The decoded description.

    Args:
        place: the path of a file, or a URL: https, or plain http on this machine. YAML needs the package `pyyaml`.

    Raises:
        SpecError: it is no JSON (and no YAML), or too much.
        OSError: the file cannot be read.
        APIConnectionError: no complete answer arrived.
    """
    if "://" in place:
        return decode(_downloaded(place))
    with Path(place).open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    _check_size(len(content))
    return decode(content)


def told(place: str) -> str:
    """What may be said of where a description comes from: no folder, no password, no signature."""
    if "://" not in place:
        return Path(place).name
    parts = urlsplit(place)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def decode(content: bytes) -> Any:
    """JSON, or else YAML.

    Raises:
        SpecError: it is neither.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SpecError("it is no UTF-8 text") from None
    try:
        return json.loads(text)
    except RecursionError:
        raise SpecError("it is nested too deeply") from None
    except ValueError as error:
        if text.lstrip()[:1] in {"{", "[", ""}:
            raise SpecError(f"it is no JSON: {error}") from None
    if text.lstrip().startswith("<"):
        raise SpecError("it is a web page, not a description: give the address of the raw file")
    return _yaml(text)


def _yaml(text: str) -> Any:
    try:
        yaml: Any = import_module("yaml")
    except ImportError:
        raise SpecError("it is no JSON; if it is YAML, reading it needs `pip install pyyaml`") from None
    try:
        return _Plain().value(yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise SpecError(f"it is neither JSON nor YAML{where}") from None
    except (RecursionError, ValueError) as error:
        if isinstance(error, SpecError):
            raise
        raise SpecError("it is nested too deeply, or holds a value that cannot be") from None


class _Plain:
    """YAML's values as JSON has them: keys are text (`200:` is a number there), dates are text."""

    def __init__(self) -> None:
        self.nodes = 0

    def value(self, node: Any) -> Any:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise SpecError("it is too much: its aliases repeat too often")
        if isinstance(node, dict):
            return {str(key): self.value(inner) for key, inner in node.items()}
        if isinstance(node, list):
            return [self.value(inner) for inner in node]
        return node if node is None or isinstance(node, bool | int | float | str) else str(node)


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        raise SpecError(f"it is larger than {MOST_BYTES // 1024 // 1024} MB")


def _downloaded(url: str) -> bytes:
    from realtimekit.transports.httpcore2 import Httpcore2Transport  # noqa: PLC0415 - a file needs no HTTP library

    transport = Httpcore2Transport()
    until = time.monotonic() + LONGEST
    try:
        for _ in range(MOST_REDIRECTS + 1):
            _check_url(url)
            status, body = _get(transport, url, until)
            if status not in REDIRECTS:
                return body
            url = urljoin(url, body.decode("latin-1"))
    finally:
        transport.close()
    raise SpecError(f"{told(url)} redirects more than {MOST_REDIRECTS} times")


def _check_url(url: str) -> None:
    from realtimekit.settings import is_loopback  # noqa: PLC0415 - as above

    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise SpecError("that is no URL") from None
    if not host or not url.isprintable() or " " in url or "\\" in url:
        raise SpecError("that is no URL")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise SpecError(f"{told(url)}: only https:// is read (http:// only from this machine)")


def _get(transport: Httpcore2Transport, url: str, until: float) -> tuple[int, bytes]:
    """The status and the body; where it redirects, the status and where to."""
    from realtimekit.interfaces import (
        Request,  # noqa: PLC0415 - as above
        StreamedRequest,  # noqa: PLC0415 - as above
    )

    body = bytearray()

    def write(piece: bytes) -> bool:
        body.extend(piece)
        _check_size(len(body))
        if time.monotonic() > until:
            raise SpecError(f"{told(url)} did not come within {LONGEST:g} s")
        return True

    def receive(head: Response) -> ChunkWriter:
        if head.status in REDIRECTS:
            body.extend(head.headers.get("location", "").encode("latin-1"))
            return lambda _: False
        if head.status != 200:
            raise SpecError(f"{told(url)} answered {head.status}")
        return write

    request = Request("GET", url, {"accept": "application/json, */*"}, None, TIMEOUT)
    head = transport.send(StreamedRequest.from_request(request, receive))
    return head.status, bytes(body)
