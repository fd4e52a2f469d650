"""Transcript: where what was said in a session can be downloaded, and what was said."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Unpack

from realtimekit.flow import F, Flow, operation
from realtimekit.kwargs import Options
from realtimekit.record import field
from realtimekit.resources.artifact import Artifact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.artifacts.segments import Segment, SpeakingTime
    from realtimekit.errors import DecodeError

TranscriptFormat: TypeAlias = Literal["CSV", "JSON", "SRT", "VTT"] | str


class Transcript(
    Artifact[F],
    path="/{app_id}/sessions/{session_id}/transcript",
    repr_fields=("sessionId", "transcript_download_url_expiry"),
):
    """The transcript of a session: `session.transcript`, `GET /sessions/{session_id}/transcript`. Kept for 7 days.

    Its file is CSV; `session.transcript_as("VTT")` gives the other formats. What is read out of it (`segments()`,
    `text()`, `speaking_time()`, `to_srt()` and so on) comes from the JSON form, the only one that says both who spoke
    and until when; where a format was asked for, from that.
    """

    _kind = "transcript"
    _setting = "transcribe_on_end"
    _format: str | None = None
    _as_json: Transcript[F] | None = None

    session_id: str | None = field("sessionId", "session_id")
    download_url: str | None = field("transcript_download_url", "transcriptDownloadUrl")
    download_url_expiry: datetime | None = field("transcript_download_url_expiry", "transcriptDownloadUrlExpiry")

    @operation
    def segments(self, *, errors: list[DecodeError] | None = None, **options: Unpack[Options]) -> Flow[list[Segment]]:
        """What was said, in the order of the file, which is downloaded.

        Args:
            errors: if given, rows that cannot be read are appended here, each with its line, instead of raised.

        Raises:
            DecodeError: a row cannot be read, and `errors` is None.
            ArtifactNotReadyError, APIConnectionError, APIError: as `read`.
        """
        return self._segments(options, errors)

    @operation
    def text(self, **options: Unpack[Options]) -> Flow[str]:
        """What was said as plain text, a line for each segment: "Alice: Hello everyone"."""
        from realtimekit.artifacts.segments import to_text  # noqa: PLC0415 - not every program reads a transcript

        return to_text((yield from self._segments(options)))

    @operation
    def speaking_time(self, **options: Unpack[Options]) -> Flow[list[SpeakingTime]]:
        """How long each participant spoke; who spoke most comes first."""
        from realtimekit.artifacts.segments import speaking_time  # noqa: PLC0415 - as above

        return speaking_time((yield from self._segments(options)))

    @operation
    def to_srt(self, **options: Unpack[Options]) -> Flow[str]:
        """As SubRip subtitles."""
        from realtimekit.artifacts.formats import to_srt  # noqa: PLC0415 - as above

        return to_srt((yield from self._segments(options)))

    @operation
    def to_vtt(self, **options: Unpack[Options]) -> Flow[str]:
        """As WebVTT subtitles."""
        from realtimekit.artifacts.formats import to_vtt  # noqa: PLC0415 - as above

        return to_vtt((yield from self._segments(options)))

    @operation
    def to_markdown(self, **options: Unpack[Options]) -> Flow[str]:
        """As Markdown: a paragraph for each segment, with its time and its speaker."""
        from realtimekit.artifacts.formats import to_markdown  # noqa: PLC0415 - as above

        return to_markdown((yield from self._segments(options)))

    @operation
    def to_json(self, **options: Unpack[Options]) -> Flow[str]:
        """As RealtimeKit's JSON."""
        from realtimekit.artifacts.formats import to_json  # noqa: PLC0415 - as above

        return to_json((yield from self._segments(options)))

    def _segments(self, options: Options, errors: list[DecodeError] | None = None) -> Flow[list[Segment]]:
        from realtimekit.artifacts.segments import parse_transcript  # noqa: PLC0415 - as above

        source = self if self._format else self._as_json
        if source is None:
            source = type(self)._load(self._client, {}, self._scope)
            source._take((yield from source._call("GET", query={"format": "JSON"}, options=options)))
            self.__dict__["_as_json"] = source
        return parse_transcript((yield from source._content(options)), errors=errors)

    def _call(
        self,
        method: str,
        suffix: str = "",
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        options: Options | None = None,
    ) -> Flow[Any]:
        # Read again, it stays in the format that it was asked for in.
        if query is not None and query.get("format"):
            self.__dict__["_format"] = query["format"]
        elif self._format:
            query = {**(query or {}), "format": self._format}
        return super()._call(method, suffix, query=query, body=body, options=options)
