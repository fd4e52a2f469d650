"""Responses of httpcore2, decoded and read within the limit of `MAX_RESPONSE_BYTES`."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from realtimekit.interfaces import MAX_RESPONSE_BYTES, Response, StreamedRequest
from realtimekit.transports.failures import response_too_large
from realtimekit.transports.httpcore2.decompression import Decompressor
from realtimekit.transports.httpcore2.errors import READ_ERRORS, connection_error

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable

    import httpcore2

    from realtimekit.interfaces import Request


def read_response(request: Request, response: httpcore2.Response) -> Response:
    """Read a response to its end, or pass its chunks to the writer of a `StreamedRequest`.

    Raises:
        APIConnectionError, APITimeoutError: it is not complete, or too large.
    """
    try:
        head = _decode_head(response)
        chunks = _read_chunks(request, response, head)
        if not isinstance(request, StreamedRequest):
            body = bytearray()
            for chunk in chunks:
                body += chunk
                if len(body) > MAX_RESPONSE_BYTES:
                    raise response_too_large(request)
            return Response(head.status, head.headers, bytes(body))
        write = request.on_response(head)
        for chunk in chunks:
            if not write(chunk):
                break
    finally:
        response.close()
    return head


async def read_response_async(request: Request, response: httpcore2.Response) -> Response:
    """As `read_response`."""
    try:
        head = _decode_head(response)
        async with aclosing(_read_chunks_async(request, response, head)) as chunks:
            if not isinstance(request, StreamedRequest):
                body = bytearray()
                async for chunk in chunks:
                    body += chunk
                    if len(body) > MAX_RESPONSE_BYTES:
                        raise response_too_large(request)
                return Response(head.status, head.headers, bytes(body))
            write = request.on_response(head)
            async for chunk in chunks:
                if not write(chunk):
                    break
    finally:
        await response.aclose()
    return head


def _decode_head(response: httpcore2.Response) -> Response:
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name = raw_name.decode("latin-1").lower()
        try:
            value = raw_value.decode()
        except UnicodeDecodeError:
            value = raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Response(response.status, headers, b"")


def _read_chunks(request: Request, response: httpcore2.Response, head: Response) -> Generator[bytes]:
    decompressor = Decompressor(head.headers.get("content-encoding", ""))
    try:
        for data in cast("Iterable[bytes]", response.stream):
            yield from decompressor.feed(data)
        decompressor.finish()
    except READ_ERRORS as error:
        failed = connection_error(request, error, sent=True)
    else:
        return
    raise failed


async def _read_chunks_async(request: Request, response: httpcore2.Response, head: Response) -> AsyncGenerator[bytes]:
    decompressor = Decompressor(head.headers.get("content-encoding", ""))
    stream = cast("AsyncGenerator[bytes]", aiter(cast("AsyncIterable[bytes]", response.stream)))
    try:
        async with aclosing(stream):
            async for data in stream:
                for chunk in decompressor.feed(data):
                    yield chunk
        decompressor.finish()
    except READ_ERRORS as error:
        failed = connection_error(request, error, sent=True)
    else:
        return
    raise failed
