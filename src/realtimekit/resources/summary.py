"""Summary: where the summary of a session can be downloaded, how to have one made, and its text."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Unpack

from realtimekit.execution import Call
from realtimekit.flow import F, Flow
from realtimekit.kwargs import RequestOptions
from realtimekit.operation import fluent, operation
from realtimekit.polling import wait_until
from realtimekit.record import field
from realtimekit.resource import Resource
from realtimekit.resources.artifact import Artifact

if TYPE_CHECKING:
    from collections.abc import Callable


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
    """What the server said when the summary was asked for."""

    @fluent
    def generate(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """Ask for the summary to be made (again): `POST /sessions/{session_id}/summary`. Needs a transcript.

        It takes a while: `wait()` for it.
        """
        return self._generate(options)

    def _generate(self, options: RequestOptions) -> Flow[None]:
        return self._merge_call(Call("POST", options=options))

    @fluent
    def wait(
        self,
        *,
        timeout: float = 300,
        poll: float = 5,
        progress: Callable[[Summary[F]], object] | None = None,
    ) -> Flow[None]:
        """Read it again and again, until there is something to download: `session.generate_summary().wait()`.

        Args:
            timeout: seconds in all.
            poll: seconds from one read to the next.
            progress: called with the summary after each read.

        Raises:
            WaitTimeoutError: the time is over.
            ValueError: a time that is not above 0.
        """
        return wait_until(
            self,
            lambda summary: bool(summary.download_url),
            what="to be ready",
            timeout=timeout,
            poll=poll,
            progress=progress,
            missing_ok=True,
        )

    @operation
    def text(self, **options: Unpack[RequestOptions]) -> Flow[str]:
        """The summary, plain text or Markdown, which is downloaded.

        Raises:
            ArtifactNotReadyError: there is none yet: `wait()` for it.
            APIConnectionError, APIError: as `read`.
        """
        from realtimekit.artifacts.rows import decode_text

        return decode_text((yield from self._content(options)))

    def _read(self, options: RequestOptions | None = None) -> Flow[None]:
        # No explanation where it is missing: `wait` would send two more requests with each poll.
        self._update_from((yield from Resource[F]._execute(self, Call("GET", options=options or RequestOptions()))))
