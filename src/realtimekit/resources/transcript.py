"""The transcript of a session: its download link and its segments."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, Unpack

from realtimekit.execution import Call
from realtimekit.flow import F, Flow
from realtimekit.kwargs import FileOptions
from realtimekit.operation import operation
from realtimekit.record import field
from realtimekit.resources.artifact import Artifact

if TYPE_CHECKING:
    from realtimekit.artifacts.segments import Segment, SpeakingTime
    from realtimekit.errors import DecodeError

TranscriptFormat: TypeAlias = Literal["CSV", "JSON", "SRT", "VTT"] | str


class Transcript(
    Artifact[F],
    path="/{app_id}/sessions/{session_id}/transcript",
    repr_fields=("sessionId", "transcript_download_url_expiry"),
):
    """The transcript of a session: `session.transcript`, `GET /sessions/{session_id}/transcript`. Kept for 7 days.

    Its file is JSON, the only format with both the speaker and the end of each segment; `session.transcript_as("CSV")`
    requests another one. `segments()`, `text()`, `speaking_time()`, `to_srt()` and so on are computed from the file.
    """

    _kind = "transcript"
    _setting = "transcribe_on_end"
    _format: str | None = "JSON"  # None: the link came with a webhook, which does not name the format

    session_id: str | None = field("sessionId", "session_id")
    download_url: str | None = field("transcript_download_url", "transcriptDownloadUrl")
    download_url_expiry: datetime | None = field("transcript_download_url_expiry", "transcriptDownloadUrlExpiry")

    @operation
    def segments(
        self, *, errors: list[DecodeError] | None = None, **options: Unpack[FileOptions]
    ) -> Flow[list[Segment]]:
        """Download the file and return its segments, in the order of the file.

        Args:
            errors: rows that cannot be read are reported here, each with its line, and the others are read.

        Raises:
            DecodeError: a row cannot be read, and `errors` is None; or the file is too large, as for `read`.
            ArtifactNotReadyError, APIConnectionError, APIError: as `read`.
        """
        return self._segments(options, errors)

    @operation
    def text(self, **options: Unpack[FileOptions]) -> Flow[str]:
        """What was said as plain text, a line for each segment: "Alice: Hello everyone"."""
        from realtimekit.artifacts.segments import to_text

        return to_text((yield from self._segments(options)))

    @operation
    def speaking_time(self, **options: Unpack[FileOptions]) -> Flow[list[SpeakingTime]]:
        """Return how long each participant spoke, the longest first."""
        from realtimekit.artifacts.segments import speaking_time

        return speaking_time((yield from self._segments(options)))

    @operation
    def to_srt(self, **options: Unpack[FileOptions]) -> Flow[str]:
        """Return SubRip subtitles."""
        from realtimekit.artifacts.formats import to_srt

        return to_srt((yield from self._segments(options)))

    @operation
    def to_vtt(self, **options: Unpack[FileOptions]) -> Flow[str]:
        """Return WebVTT subtitles."""
        from realtimekit.artifacts.formats import to_vtt

        return to_vtt((yield from self._segments(options)))

    @operation
    def to_markdown(self, **options: Unpack[FileOptions]) -> Flow[str]:
        """Return Markdown: one paragraph per segment, with its time and its speaker."""
        from realtimekit.artifacts.formats import to_markdown

        return to_markdown((yield from self._segments(options)))

    @operation
    def to_json(self, **options: Unpack[FileOptions]) -> Flow[str]:
        """Return RealtimeKit's JSON."""
        from realtimekit.artifacts.formats import to_json

        return to_json((yield from self._segments(options)))

    def _segments(self, options: FileOptions, errors: list[DecodeError] | None = None) -> Flow[list[Segment]]:
        from realtimekit.artifacts.segments import parse_transcript  # as above

        if self._format is None:
            yield from self._merge_call(Call("GET", query={"format": "JSON"}, options=options))
            self.__dict__["_format"] = "JSON"
        return parse_transcript((yield from self._content(options)), errors=errors)

    def __copy__(self) -> Self:
        return self._give_format_to(super().__copy__())

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._give_format_to(super().__deepcopy__(memo))

    def __reduce__(self) -> tuple[Any, ...]:
        return (*super().__reduce__(), {"_format": self._format})

    def _give_format_to(self, copy: Self) -> Self:
        copy.__dict__["_format"] = self._format
        return copy

    def _execute(self, call: Call) -> Flow[Any]:
        return super()._execute(call._replace(query={"format": self._format, **(call.query or {})}))
