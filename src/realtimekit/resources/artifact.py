"""Artifacts: the files of a session, which the API returns as links that expire."""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime
from typing import Any, ClassVar, Unpack

from realtimekit import responses, retries
from realtimekit.artifacts.download import Downloadable
from realtimekit.artifacts.resumable_download import ResumableDownload, download_file, validate_max_bytes
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
from realtimekit.interfaces import MAX_RESPONSE_BYTES, Response
from realtimekit.kwargs import FileOptions, RequestOptions
from realtimekit.operation import operation
from realtimekit.paths import encode_segment
from realtimekit.resource import Resource
from realtimekit.saving.manifest import RETENTION
from realtimekit.values import parse_timestamp

_GONE = ("ERASED", "EXPIRED")  # how an archive says that it has deleted a file: `error.code`


class Artifact(Resource[F], Downloadable[F]):
    """The common base of the chat, transcript and summary of a session.

    `download_url` is a credential: it needs no token and works for anyone who has it, until `download_url_expiry`.
    """

    _kind: ClassVar[str]
    _setting: ClassVar[str | None] = None  # the meeting's setting that enables it
    _retention_hint: ClassVar[str] = "download it in time"  # what to do so that it is not lost

    download_url: str | None
    download_url_expiry: datetime | None

    @operation
    def read(self, **options: Unpack[FileOptions]) -> Flow[bytes]:
        """Return the whole file, in memory: `GET` of `download_url`, without the API token.

        An expired link is refreshed once; the options are also those of that request, and the storage sees none of them
        but the timeout.

        Args:
            options: `max_bytes`, the largest accepted size of the file: 64 MiB unless given, None for any size; and
                those of every call.

        Raises:
            ArtifactNotReadyError: there is no link yet.
            DecodeError: the file has more than `max_bytes`, or its link is not http or https.
            APIConnectionError, APIError: as `download`.
        """
        return self._content(options)

    def _content(self, options: FileOptions) -> Flow[bytes]:
        max_bytes = options.get("max_bytes", MAX_RESPONSE_BYTES)
        if max_bytes is not None:
            validate_max_bytes(max_bytes)
        content = io.BytesIO()
        state = ResumableDownload(content, max_bytes=max_bytes)
        yield from download_file(self._client.settings, self, state, options.get("timeout"), options)
        return content.getvalue()

    def _link(self) -> str | None:
        return self.download_url

    def _refresh_link(self, options: RequestOptions | None = None) -> Flow[None]:
        return self._read(options)

    def _default_filename(self) -> str:
        return f"{self._scope.get('session_id')}-{self._kind}"

    # --- why it is missing ------------------------------------------------------------------------------------------

    def _execute(self, call: Call) -> Flow[Any]:
        try:
            return (yield from super()._execute(call))
        except NotFoundError as error:
            if call.method != "GET" or str(error.code) in _GONE:
                raise
            missing = error
        raise (yield from self._with_reason(missing)) from None

    def _with_reason(self, error: NotFoundError) -> Flow[NotFoundError]:
        """Return the error with its reason, if the session or its meeting shows it; otherwise the same error."""
        try:
            kind, reason = yield from self._reason()
        except (RealtimeKitError, LookupError, TypeError, ValueError):
            return error
        attributes = ("status", "code", "message", "body", "request_id", "method", "path")
        return kind(f"{error}; {reason}", **{name: getattr(error, name) for name in attributes})

    def _reason(self) -> Flow[tuple[type[ArtifactError], str]]:
        """Return why the file is missing. Raises LookupError if that cannot be determined."""
        session_path = self._path().rpartition("/")[0]
        session, now = yield from self._look_up(session_path)
        if session.get("status") == "LIVE":
            return ArtifactNotReadyError, f"the {self._kind} is made when the session ends, and the session is LIVE"
        ended = parse_timestamp(str(session["ended_at"]))
        if now - ended > RETENTION:
            text = f"the {self._kind} is kept for 7 days, and the session ended at {ended:%Y-%m-%d %H:%M} UTC"
            return ArtifactExpiredError, f"{text}: {self._retention_hint}"
        if self._setting is None:
            raise LookupError
        app_path = session_path.rpartition("/sessions/")[0]
        meeting, _ = yield from self._look_up(
            f"{app_path}/meetings/{encode_segment('meeting_id', session['associated_id'])}"
        )
        if meeting[self._setting]:
            return (
                ArtifactNotReadyError,
                f"the {self._kind} takes a while after the end of the session: try again later",
            )
        return ArtifactNotEnabledError, f"its meeting has {self._setting}=False: set that to True for later sessions"

    def _look_up(self, path: str) -> Flow[tuple[dict[str, Any], datetime]]:
        """Return a record and the server's time. One attempt only: it is for an explanation."""
        response: Response = yield build_request(self._client.settings, Call("GET", path))
        data = responses.unwrap(responses.decode(response))
        if not isinstance(data, dict):
            raise LookupError(path)  # noqa: TRY004 - the reason cannot be determined
        now = retries.parse_http_date(response.headers.get("date", "")) or time.time()
        return data, datetime.fromtimestamp(now, UTC)
