"""Artifact: a file that a session left behind, as the API gives it out: a link, for a while."""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Unpack

from realtimekit import protocol
from realtimekit.artifacts.download import Downloadable
from realtimekit.artifacts.transfer import Transfer, transfer
from realtimekit.errors import (
    ArtifactError,
    ArtifactExpiredError,
    ArtifactNotEnabledError,
    ArtifactNotReadyError,
    NotFoundError,
    RealtimeKitError,
)
from realtimekit.execution import Call, build_request
from realtimekit.flow import F, Flow
from realtimekit.interfaces import Response
from realtimekit.kwargs import RequestOptions
from realtimekit.operation import operation
from realtimekit.paths import encode_segment
from realtimekit.resource import Resource
from realtimekit.values import parse_timestamp

RETENTION = timedelta(days=7)  # of chats, transcripts and summaries: RealtimeKit's documentation


class Artifact(Resource[F], Downloadable[F]):
    """What a session's chat, transcript and summary have in common.

    `download_url` needs no token and is as good as one: it works for whoever has it, until `download_url_expiry`.
    """

    _kind: ClassVar[str]
    _setting: ClassVar[str | None] = None  # of the meeting: whether there is one when the session ends
    _kept: ClassVar[str] = "download it in time"  # what to do so that it is not lost

    download_url: str | None
    download_url_expiry: datetime | None

    @operation
    def read(self, **options: Unpack[RequestOptions]) -> Flow[bytes]:
        """The file, whole, in memory: `GET` of `download_url`, without the API token.

        A link that has expired is fetched anew once.

        Raises:
            ArtifactNotReadyError: there is no link yet.
            APIConnectionError, APIError: as `download`.
        """
        return self._content(options)

    def _content(self, options: RequestOptions) -> Flow[bytes]:
        content = io.BytesIO()
        yield from transfer(self._client.settings, self, Transfer(content), options.get("timeout"))
        return content.getvalue()

    def _link(self) -> str | None:
        return self.download_url

    def _refresh_link(self) -> Flow[None]:
        return self._read()

    def _default_name(self) -> str:
        return f"{self._scope.get('session_id')}-{self._kind}"

    # --- why it is not there -----------------------------------------------------------------------------------------

    def _execute(self, call: Call) -> Flow[Any]:
        try:
            return (yield from super()._execute(call))
        except NotFoundError as error:
            if call.method != "GET":
                raise
            missing = error
        raise (yield from self._explained(missing)) from None

    def _explained(self, error: NotFoundError) -> Flow[NotFoundError]:
        """The same error, with the reason where it can be found out: by asking for the session, and its meeting."""
        try:
            kind, why = yield from self._reason()
        except (RealtimeKitError, LookupError, TypeError, ValueError):
            return error
        known = ("status", "code", "message", "body", "request_id", "method", "path")
        return kind(f"{error}; {why}", **{name: getattr(error, name) for name in known})

    def _reason(self) -> Flow[tuple[type[ArtifactError], str]]:
        """Raises LookupError if it cannot be known."""
        session_path = self._path().rpartition("/")[0]
        session, now = yield from self._look(session_path)
        if session.get("status") == "LIVE":
            return ArtifactNotReadyError, f"the {self._kind} comes when the session ends, and it is LIVE"
        ended = parse_timestamp(str(session["ended_at"]))
        if now - ended > RETENTION:
            text = f"the {self._kind} is kept for 7 days, and the session ended at {ended:%Y-%m-%d %H:%M} UTC"
            return ArtifactExpiredError, f"{text}: {self._kept}"
        if self._setting is None:
            raise LookupError
        app_path = session_path.rpartition("/sessions/")[0]
        meeting, _ = yield from self._look(
            f"{app_path}/meetings/{encode_segment('meeting_id', session['associated_id'])}"
        )
        if meeting[self._setting]:
            return (
                ArtifactNotReadyError,
                f"the {self._kind} takes a while after the end of the session: try again later",
            )
        return ArtifactNotEnabledError, f"its meeting has {self._setting}=False: set that to True for later sessions"

    def _look(self, path: str) -> Flow[tuple[dict[str, Any], datetime]]:
        """A record, and the time by the server's clock: nothing is tried twice for an explanation."""
        response: Response = yield build_request(self._client.settings, Call("GET", path))
        data = protocol.unwrap(protocol.decode(response))
        if not isinstance(data, dict):
            raise LookupError(path)  # noqa: TRY004 - nothing is known then
        now = protocol._http_date(response.headers.get("date", "")) or time.time()
        return data, datetime.fromtimestamp(now, UTC)
