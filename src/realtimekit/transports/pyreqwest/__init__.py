"""The fast transport: pyreqwest, written in Rust; `pip install realtimekit[fast]`.

Two things differ from httpcore2: a URL that pyreqwest would rewrite is rejected, and entries of `NO_PROXY` with a port
(`host:8080`) are not supported.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from pyreqwest.client import ClientBuilder, SyncClientBuilder

from realtimekit.errors import ConfigurationError
from realtimekit.interfaces import MAX_RESPONSE_BYTES, StreamedRequest
from realtimekit.transports.pyreqwest.clients import build_client, cache_client, configure, delay_exit
from realtimekit.transports.pyreqwest.errors import ERRORS, connection_error
from realtimekit.transports.pyreqwest.proxies import UNUSABLE_PROXY, unusable_proxies
from realtimekit.transports.pyreqwest.requests import fill_in, validate
from realtimekit.transports.pyreqwest.responses import read_chunk, read_chunk_async, response_head, to_response

if TYPE_CHECKING:
    from pyreqwest.client import Client, SyncClient
    from pyreqwest.request import StreamRequest, SyncStreamRequest

    from realtimekit.interfaces import Request, Response

READ_BUFFER_SIZE = 0  # bytes: anything that pyreqwest reads ahead is lost when the connection breaks


class PyreqwestTransport:
    """The blocking transport. Threads may share it."""

    def __init__(self) -> None:
        """Read the proxies and certificates from the environment.

        Raises:
            ConfigurationError: the certificates cannot be read.
        """
        self._process = os.getpid()
        self._has_unusable_proxy = unusable_proxies()
        self._streaming: dict[float, SyncClient] = {}  # by the timeout of each read
        self._client = build_client(lambda: configure(SyncClientBuilder()).build())

    def send(self, request: Request, /) -> Response:
        """Send a request.

        Raises:
            APIConnectionError, APITimeoutError: there is no complete response, or the request cannot be sent.
            ConfigurationError: the proxy that the environment names cannot be used.
        """
        validate(request, self._process)
        if self._has_unusable_proxy is not None and self._has_unusable_proxy(request.url):
            raise ConfigurationError(UNUSABLE_PROXY)
        try:
            if not isinstance(request, StreamedRequest):
                builder = fill_in(self._client.request(request.method, request.url), request)
                with builder.build_streamed() as response:
                    return to_response(request, response, response.body_reader.read(MAX_RESPONSE_BYTES + 1))
        except ERRORS as error:
            failed = connection_error(request, error)
        else:
            return self._stream(request)
        raise failed

    def _stream(self, request: StreamedRequest) -> Response:
        started = False
        try:
            with self._build_stream(request) as response:
                started, head = True, response_head(response)
                write = request.on_response(head)
                while (chunk := read_chunk(request, response)) is not None and write(chunk):
                    pass
                return head
        except ERRORS as error:
            if started:  # raised by `on_response`, `write` or `_read_chunk`
                raise
            failed = connection_error(request, error)
        raise failed

    def _build_stream(self, request: Request) -> SyncStreamRequest:
        client = self._streaming_client(request.timeout)
        return (
            client.request(request.method, request.url)
            .headers(request.headers)
            .streamed_read_buffer_limit(READ_BUFFER_SIZE)
            .build_streamed()
        )

    def _streaming_client(self, timeout: float) -> SyncClient:
        client = self._streaming.get(timeout)
        if client is None:
            client = build_client(
                lambda: configure(SyncClientBuilder()).read_timeout(timedelta(seconds=timeout)).build()
            )
            cache_client(self._streaming, timeout, client)
        return client

    def close_idle(self) -> None:
        """Close the connections that no request uses; the others are closed after their responses."""
        self._client = build_client(lambda: configure(SyncClientBuilder()).build())
        self._streaming.clear()

    def close(self) -> None:
        """Close all connections."""
        for client in [self._client, *self._streaming.values()]:
            client.close()


class AsyncPyreqwestTransport:
    """The async transport. Tasks may share it."""

    def __init__(self) -> None:
        """Read the proxies and certificates from the environment.

        Raises:
            ConfigurationError: the certificates cannot be read.
        """
        delay_exit()
        self._process = os.getpid()
        self._has_unusable_proxy = unusable_proxies()
        self._streaming: dict[float, Client] = {}  # by the timeout of each read
        self._client = build_client(lambda: configure(ClientBuilder()).build())

    async def send(self, request: Request, /) -> Response:
        """Send a request.

        Raises:
            APIConnectionError, APITimeoutError: there is no complete response, or the request cannot be sent.
            ConfigurationError: the proxy that the environment names cannot be used.
        """
        validate(request, self._process)
        if self._has_unusable_proxy is not None and self._has_unusable_proxy(request.url):
            raise ConfigurationError(UNUSABLE_PROXY)
        try:
            if not isinstance(request, StreamedRequest):
                builder = fill_in(self._client.request(request.method, request.url), request)
                async with builder.build_streamed() as response:
                    return to_response(request, response, await response.body_reader.read(MAX_RESPONSE_BYTES + 1))
        except ERRORS as error:
            failed = connection_error(request, error)
        else:
            return await self._stream(request)
        raise failed

    async def _stream(self, request: StreamedRequest) -> Response:
        started = False
        try:
            async with self._build_stream(request) as response:
                started, head = True, response_head(response)
                write = request.on_response(head)
                while (chunk := await read_chunk_async(request, response)) is not None and write(chunk):
                    pass
                return head
        except ERRORS as error:
            if started:  # raised by `on_response`, `write` or `_read_chunk`
                raise
            failed = connection_error(request, error)
        raise failed

    def _build_stream(self, request: Request) -> StreamRequest:
        client = self._streaming_client(request.timeout)
        return (
            client.request(request.method, request.url)
            .headers(request.headers)
            .streamed_read_buffer_limit(READ_BUFFER_SIZE)
            .build_streamed()
        )

    def _streaming_client(self, timeout: float) -> Client:
        client = self._streaming.get(timeout)
        if client is None:
            read_timeout = timedelta(seconds=timeout)
            client = build_client(lambda: configure(ClientBuilder()).read_timeout(read_timeout).build())
            cache_client(self._streaming, timeout, client)
        return client

    async def close_idle(self) -> None:
        """Close the connections that no request uses; the others are closed after their responses."""
        self._client = build_client(lambda: configure(ClientBuilder()).build())
        self._streaming.clear()

    async def close(self) -> None:
        """Close all connections."""
        for client in [self._client, *self._streaming.values()]:
            await client.close()
