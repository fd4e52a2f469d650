"""Requests as pyreqwest sends them: unchanged, or not at all."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from pyreqwest.http import Url
from pyreqwest.request import RequestBuilder, SyncRequestBuilder

from realtimekit.errors import APIConnectionError
from realtimekit.transports.failures import failure, split_url
from realtimekit.transports.pyreqwest.errors import FORKED

if TYPE_CHECKING:
    from realtimekit.interfaces import Request

AnyRequestBuilder = TypeVar("AnyRequestBuilder", RequestBuilder, SyncRequestBuilder)

# A URL that pyreqwest certainly sends unchanged: no dot segments, nothing to encode.
SAFE_URL = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?(/[\w-][\w.-]*)+(\?[\w=&.-]+)?", re.ASCII)


def validate(request: Request, process: int) -> None:
    """Reject what pyreqwest would silently do differently.

    Raises:
        APIConnectionError: the request cannot be sent as it is.
    """
    if os.getpid() != process:  # it would hang forever, whatever the timeout
        raise _not_sent(request, FORKED)
    if SAFE_URL.fullmatch(request.url):
        return
    unchanged = _is_unchanged(request.url)
    if unchanged is None:
        raise failure(request, "", never_sent=True, malformed=True)
    if unchanged is False:
        host = split_url(request.url)[1]
        raise _not_sent(
            request, f"pyreqwest would rewrite this URL before sending it to {host}: use transport='httpcore2'"
        )


def _is_unchanged(url: str) -> bool | None:
    """Whether pyreqwest sends the URL unchanged; None: it is invalid. An error raised here would hold the URL."""
    try:
        return split_url(str(Url(url)))[2] == split_url(url)[2]
    except ValueError:
        return None


def _not_sent(request: Request, text: str) -> APIConnectionError:
    path = split_url(request.url)[2].partition("?")[0]
    return APIConnectionError(text, maybe_processed=False, method=request.method, path=path)


def fill_in(builder: AnyRequestBuilder, request: Request) -> AnyRequestBuilder:
    builder = builder.headers(request.headers).timeout(timedelta(seconds=request.timeout))
    if request.content:
        builder = builder.body_bytes(request.content)
    elif request.method in {"POST", "PUT", "PATCH"}:
        builder = builder.header("Content-Length", "0")  # some servers require it
    return builder
