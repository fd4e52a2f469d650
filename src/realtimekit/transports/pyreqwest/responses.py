"""Responses of pyreqwest: whole, or read in chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtimekit.interfaces import MAX_RESPONSE_BYTES, Response
from realtimekit.transports.failures import response_too_large
from realtimekit.transports.pyreqwest.errors import ERRORS, connection_error

if TYPE_CHECKING:
    from pyreqwest.bytes import Bytes
    from pyreqwest.http import HeaderMap
    from pyreqwest.response import BaseResponse, SyncResponse
    from pyreqwest.response import Response as PyreqwestResponse

    from realtimekit.interfaces import Request


def to_response(request: Request, response: BaseResponse, body: Bytes | None) -> Response:
    if body and len(body) > MAX_RESPONSE_BYTES:
        raise response_too_large(request)
    return Response(response.status, _decode_headers(response.headers), body.to_bytes() if body else b"")


def response_head(response: BaseResponse) -> Response:
    return Response(response.status, _decode_headers(response.headers), b"")


def read_chunk(request: Request, response: SyncResponse) -> bytes | None:
    try:
        chunk = response.body_reader.read_chunk()
    except ERRORS as error:
        failed = connection_error(request, error)
    else:
        return None if chunk is None else chunk.to_bytes()
    raise failed


async def read_chunk_async(request: Request, response: PyreqwestResponse) -> bytes | None:
    try:
        chunk = await response.body_reader.read_chunk()
    except ERRORS as error:
        failed = connection_error(request, error)
    else:
        return None if chunk is None else chunk.to_bytes()
    raise failed


def _decode_headers(headers: HeaderMap) -> dict[str, str]:
    try:
        values = headers.dict_multi_value()
    except ValueError:
        return _decode_one_by_one(headers)
    return {name: value if isinstance(value, str) else ", ".join(value) for name, value in values.items()}


def _decode_one_by_one(headers: HeaderMap) -> dict[str, str]:
    decoded: dict[str, str] = {}
    for name in headers:
        try:
            decoded[name] = ", ".join(headers.getall(name))
        except ValueError:  # not ASCII, which pyreqwest cannot return
            continue
    return decoded
