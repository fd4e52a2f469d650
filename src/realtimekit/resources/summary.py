"""The summary of a session: its generation, its download link and its text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Unpack

from realtimekit.execution import Call
from realtimekit.flow import F, Flow
from realtimekit.kwargs import FileOptions, RequestOptions
from realtimekit.operation import fluent, operation
from realtimekit.polling import wait_until
from realtimekit.record import field
from realtimekit.resource import Resource
from realtimekit.resources.artifact import Artifact


class Summary(
    Artifact[F],
    path="/{app_id}/sessions/{session_id}/summary",
    repr_fields=("sessionId", "status", "summaryDownloadUrlExpiry"),
):
    """The summary of a session: `session.summary`, `GET /sessions/{session_id}/summary`. Kept for 7 days."""

    _kind = "summary"
    _setting = "summarize_on_end"

    session_id: str | None = field("sessionId", "session_id")
    download_url: str | None = field("summaryDownloadUrl", "summary_download_url")
    download_url_expiry: datetime | None = field("summaryDownloadUrlExpiry", "summary_download_url_expiry")
    status: str | None
    """The status that the server returned when the summary was requested."""

    @fluent
    def generate(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """Start generating the summary, again if there is one: `POST /sessions/{session_id}/summary`.

        It needs a transcript and takes a while: call `wait()`.
        """
        return self._generate(options)

    def _generate(self, options: RequestOptions) -> Flow[None]:
        return self._merge_call(Call("POST", options=options))

    @fluent
    def wait(
        self,
        *,
        timeout: float = 300,
        poll_interval: float = 5,
        progress: Callable[[Summary[F]], object] | None = None,
    ) -> Flow[None]:
        """Reload the summary until it can be downloaded: `GET /sessions/{session_id}/summary`, repeatedly.

        Example:
            session.generate_summary().wait().text()

        Args:
            timeout: seconds in all.
            poll_interval: seconds between two reads.
            progress: called with the summary after each read.

        Raises:
            WaitTimeoutError: there was no summary within `timeout`.
            ValueError: `timeout` or `poll_interval` is not above 0.
        """
        return wait_until(
            self,
            lambda summary: bool(summary.download_url),
            goal="to be ready",
            timeout=timeout,
            poll_interval=poll_interval,
            progress=progress,
            missing_ok=True,
        )

    @operation
    def text(self, **options: Unpack[FileOptions]) -> Flow[str]:
        """Download the summary and return it, plain text or Markdown.

        Raises:
            ArtifactNotReadyError: there is no summary yet: call `wait()`.
            DecodeError: the file is too large, as for `read`.
            APIConnectionError, APIError: as `read`.
        """
        from realtimekit.artifacts.rows import decode_text

        return decode_text((yield from self._content(options)))

    def _read(self, options: RequestOptions | None = None) -> Flow[None]:
        # Without the reason for a 404: `wait` would send two more requests with each poll.
        self._update_from((yield from Resource[F]._execute(self, Call("GET", options=options or RequestOptions()))))
