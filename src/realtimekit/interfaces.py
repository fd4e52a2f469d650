"""The vocabulary that every layer shares: requests, responses, transports, limiters, attempts.

Nothing here does any work. A transport or limiter of your own implements one of the protocols below and imports
nothing else of this package.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol, Self, TypeAlias

from realtimekit.errors import APIConnectionError

# --- HTTP -------------------------------------------------------------------------------------------------------------


class Request(NamedTuple):
    """One complete HTTP request: any transport can send it unchanged."""

    method: str
    url: str  # absolute and already percent-encoded
    headers: Mapping[str, str]
    content: bytes | None
    timeout: float  # seconds, from sending the request to the last byte of the response

    def __repr__(self) -> str:  # the headers hold the token
        return f"<Request {self.method} {self.url.partition('?')[0]}>"

    def __sentry_repr__(self) -> str:  # Sentry would serialize the fields of a tuple
        return repr(self)


class Response(NamedTuple):
    """One HTTP response, read to its end and decompressed."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    content: bytes

    def __repr__(self) -> str:  # the content may hold a participant's token
        return f"<Response {self.status}, {len(self.content)} bytes>"

    def __sentry_repr__(self) -> str:  # as above
        return repr(self)


ChunkWriter: TypeAlias = Callable[[bytes], bool]
"""Takes the next chunk of a body; returns whether it wants more."""


class StreamedRequest(Request):
    """A request whose response body should not be held in memory.

    A transport that supports streaming calls `on_response` with the head of the response (a `Response` without
    content), then the returned writer with each chunk of the body until the writer returns False. It returns the head.
    Whatever either of the two raises is passed on. A transport that does not support streaming returns the whole
    response as usual, at the cost of the memory for the body.

    The timeout of a streamed request is for each wait, not for the whole response.
    """

    on_response: Callable[[Response], ChunkWriter]

    @classmethod
    def from_request(cls, request: Request, on_response: Callable[[Response], ChunkWriter]) -> Self:
        """The same request, with its response body handed over in chunks."""
        streamed = cls(*request)
        streamed.on_response = on_response
        return streamed


# Bytes, decompressed: no server can fill the memory, be it with a few kilobytes of gzip. The largest known response,
# the peer report of a long call with many people, has some 10 MB.
MAX_RESPONSE_BYTES = 64 * 2**20


class Transport(Protocol):
    """Sends requests, blocking. If it has `close()`, the client calls that on a transport that it created itself.

    A transport returns the response, whatever its status, or raises `APIConnectionError` (or `APITimeoutError`) whose
    `maybe_processed` is False only if the server certainly never saw the request. It follows no redirects, keeps no
    cookies, retries nothing and adds no credentials.

    All of it, from `send` to the last byte of the response, ends within `request.timeout` seconds, and the
    response has at most `MAX_RESPONSE_BYTES`. A `StreamedRequest` may exceed both.
    """

    def send(self, request: Request, /) -> Response: ...


class AsyncTransport(Protocol):
    """As `Transport`, awaited. If it has `async close()`, the client calls that on one that it created itself."""

    async def send(self, request: Request, /) -> Response: ...


# --- rate limiting ----------------------------------------------------------------------------------------------------


class Reservation(NamedTuple):
    """Permission to send one request, now or after a wait.

    Attributes:
        wait: seconds until `reserve` is to be called again; 0: the request may be sent now. A limiter of your own need
            not set anything else.
        number: the position in the order of arrival; lower numbers go first.
        requested_at: when the reservation was first asked for, by the limiter's clock.
        at: when this was returned, by the limiter's clock.
    """

    wait: float
    number: int = 0
    requested_at: float = 0.0
    at: float = 0.0


class Limiter(Protocol):
    """What a client accepts as `limiter=`. It never sleeps: the client does, outside any lock.

        reservation = limiter.reserve(None)
        while reservation.wait:
            time.sleep(reservation.wait)
            reservation = limiter.reserve(reservation)
        response = None
        try:
            response = transport.send(request)
        finally:
            limiter.observe(response, reservation)

    A caller that stops asking leaves the queue a few seconds later, so nobody has to cancel a reservation.
    Both methods may be called from any thread.
    """

    @property
    def max_wait(self) -> float:
        """The longest wait in seconds, counted from the first call of `reserve`."""
        ...

    def reserve(self, reservation: Reservation | None, /) -> Reservation | Awaitable[Reservation]:
        """Ask for permission to send; after a wait, pass the reservation returned before.

        Raises:
            RateLimitError: the wait would exceed `max_wait`. Nothing was sent; `retry_after` is the wait in seconds.
        """
        ...

    def observe(self, response: Response | None, reservation: Reservation | None = None, /) -> None:
        """Learn from a response of any status, or from None if there was none. Called once per reservation, no I/O."""
        ...


# --- observability ----------------------------------------------------------------------------------------------------


class Attempt(NamedTuple):
    """One attempt to send a request, and its outcome. It holds no token, no query and no body.

    Attributes:
        method: e.g. "GET".
        path: without its query, e.g. "/accounts/.../sessions/sess-1".
        number: 1 for the first attempt of a call, 2 for the next, ...
        status: the HTTP status; None while there is no response.
        seconds: from sending the request to the end of the response (or of waiting for it); None before that.
        request_id: the `cf-ray` (or `x-request-id`) response header, to quote to support, or None.
        error: why there is no response, or None. Without status and error the caller was canceled.
        wait: for `on_retry`, seconds until the next attempt; for `on_wait`, seconds waited for the limiter; else None.
    """

    method: str
    path: str
    number: int
    status: int | None = None
    seconds: float | None = None
    request_id: str | None = None
    error: APIConnectionError | None = None
    wait: float | None = None


Hook: TypeAlias = Callable[[Attempt], object]
