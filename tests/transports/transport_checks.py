"""Requests for the tests of the transports, and what must hold for every failure."""

from __future__ import annotations

import pickle
import pprint
import time
import traceback
from collections.abc import Sized
from typing import Protocol

import pytest

from realtimekit.errors import APIConnectionError
from realtimekit.interfaces import Request, Response

TOKEN = "s3cret-token"
QUERY = "s3cret-query"
PASSWORD = "s3cret-password"


class Sender(Protocol):
    """A transport of either kind, seen as a blocking one."""

    name: str

    def send(self, request: Request) -> Response: ...
    def send_all(self, requests: list[Request]) -> list[Response]: ...
    def close(self) -> None: ...


def ask(url: str, *, method: str = "GET", content: bytes | None = None, timeout: float = 5.0) -> Request:
    return Request(method, url, {"Authorization": f"Bearer {TOKEN}", "User-Agent": "tests"}, content, timeout)


def failure(
    sender: Sender, url: str, *, content: bytes | None = b"x" * 1000, timeout: float = 5.0
) -> APIConnectionError:
    """Send a POST that fails, and return its error after the common checks."""
    started = time.monotonic()
    with pytest.raises(APIConnectionError) as caught:
        sender.send(ask(f"{url}/the/path?q={QUERY}", method="POST", content=content, timeout=timeout))
    error = caught.value
    assert time.monotonic() - started < 3
    assert (error.method, error.path) == ("POST", "/the/path")
    assert len(str(error)) < 300
    assert_tells_no_secret(error)
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
    return error


def _large(value: object) -> bool:
    return isinstance(value, Sized) and len(value) > 1_000_000


def assert_tells_no_secret(error: BaseException) -> None:
    """Check the traceback with all causes, and the local variables of the frames, which error trackers send along."""
    told = "".join(traceback.format_exception(error))
    link: BaseException | None = error
    while link:
        told += repr(link)
        for frame, _ in traceback.walk_tb(link.__traceback__):
            if "/tests/" not in frame.f_code.co_filename:
                told += pprint.pformat([value for value in frame.f_locals.values() if not _large(value)])
        link = link.__cause__ or link.__context__
    assert not [secret for secret in (TOKEN, QUERY, PASSWORD) if secret in told]
