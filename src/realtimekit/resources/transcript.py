"""The transcript of a session: its download link and its segments."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, Unpack
from urllib.parse import unquote, urlsplit

from realtimekit.errors import DecodeError, RealtimeKitError
from realtimekit.execution import Call
from realtimekit.flow import F, Flow
from realtimekit.kwargs import FileOptions
from realtimekit.lazy import LazyModule
from realtimekit.operation import operation
from realtimekit.record import field
from realtimekit.resources.artifact import Artifact

if TYPE_CHECKING:
    from realtimekit.artifacts import chunks as transcript_chunks
    from realtimekit.artifacts import formats
    from realtimekit.artifacts import segments as transcript_segments
else:
    transcript_chunks = LazyModule("realtimekit.artifacts.chunks")
    formats = LazyModule("realtimekit.artifacts.formats")
    transcript_segments = LazyModule("realtimekit.artifacts.segments")

# Participant minutes. In a shorter session, perhaps nobody spoke.
SILENT_MINUTES = 0.1
ARCHIVE_NOTE = "archive_note"  # an archive's own field: why the transcript is not the platform's

TranscriptFormat: TypeAlias = Literal["CSV", "JSON", "SRT", "VTT"] | str


class SuspectTranscriptWarning(UserWarning):
    """A transcript may not be that of its session, or may be incomplete; the message says why."""


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
    _suspicion: str | None = None  # why the file that was read last is suspect

    session_id: str | None = field("sessionId", "session_id")
    download_url: str | None = field("transcript_download_url", "transcriptDownloadUrl")
    download_url_expiry: datetime | None = field("transcript_download_url_expiry", "transcriptDownloadUrlExpiry")

    @property
    def suspect(self) -> str | None:
        """Why the file may not be the transcript of the session; None if there is no reason to doubt it.

        Some accounts got transcripts of 0 bytes although people spoke, and links to a file of another session. The link
        is checked at once, the size when the file is read, as by `segments()`.

        An archive says so, if it has a live transcript in place of the platform's.
        """
        if note := self._data.get(ARCHIVE_NOTE):
            return str(note)
        session_id, link = self._scope.get("session_id"), self.download_url
        if session_id and link and session_id not in unquote(urlsplit(link).path):
            return "its link does not contain the id of the session"
        return self._suspicion

    @operation
    def segments(
        self, *, errors: list[DecodeError] | None = None, **options: Unpack[FileOptions]
    ) -> Flow[list[transcript_segments.Segment]]:
        """Download the file and return its segments, in the order of the file.

        Args:
            errors: rows that cannot be read are reported here, each with its line, and the others are read.

        Raises:
            DecodeError: a row cannot be read, and `errors` is None; or the file is too large, as for `read`.
            ArtifactNotReadyError, APIConnectionError, APIError: as `read`.

        Warns:
            SuspectTranscriptWarning: see `suspect`. All methods that read the segments warn.
        """
        return self._segments(options, errors)

    @operation
    def text(self, **options: Unpack[FileOptions]) -> Flow[str]:
        """What was said as plain text, a line for each segment: "Alice: Hello everyone"."""
        return transcript_segments.to_text((yield from self._segments(options)))

    @operation
    def speaking_time(self, **options: Unpack[FileOptions]) -> Flow[list[transcript_segments.SpeakingTime]]:
        """Return how long each participant spoke, the longest first."""
        return transcript_segments.speaking_time((yield from self._segments(options)))

    @operation
    def chunks(
        self,
        *,
        max_chars: int = 2000,
        overlap: int = 0,
        by: transcript_chunks.ChunkBy = "speaker",
        **options: Unpack[FileOptions],
    ) -> Flow[list[transcript_chunks.Chunk]]:
        """Return the transcript in chunks for a language model or a search index, each with the data to cite it.

        A segment is cut only if it is longer than a chunk. Control characters are replaced.

        Example:
            session.transcript.chunks(max_chars=1000, overlap=100)[0].to_dict()

        Args:
            max_chars: of the text of a chunk, 100 or more.
            overlap: how many characters from the end of a chunk are repeated at the beginning of the next one, at most;
                whole words, of the same speaker if by speaker.
            by: "speaker": a chunk has one speaker, and a new one begins when somebody else speaks; "size": chunks are
                as long as possible, with a line for each segment and the name before it.

        Raises:
            ValueError: `by` is neither, `max_chars` is less than 100, or `overlap` is negative or more than half of it.
            ArtifactNotReadyError, APIConnectionError, APIError: as `read`.
        """
        chunk: Callable[[list[transcript_segments.Segment]], list[transcript_chunks.Chunk]] = partial(
            transcript_chunks.chunk_segments,
            max_chars=max_chars,
            overlap=overlap,
            by=by,
            session_id=self._scope.get("session_id"),
        )
        chunk([])  # raises if an argument is wrong, before anything is sent
        return chunk((yield from self._segments(options)))

    @operation
    def to_srt(self, **options: Unpack[FileOptions]) -> Flow[str]:
        """Return SubRip subtitles."""
        return formats.to_srt((yield from self._segments(options)))

    @operation
    def to_vtt(self, **options: Unpack[FileOptions]) -> Flow[str]:
        """Return WebVTT subtitles."""
        return formats.to_vtt((yield from self._segments(options)))

    @operation
    def to_markdown(self, **options: Unpack[FileOptions]) -> Flow[str]:
        """Return Markdown: one paragraph per segment, with its time and its speaker."""
        return formats.to_markdown((yield from self._segments(options)))

    @operation
    def to_json(self, **options: Unpack[FileOptions]) -> Flow[str]:
        """Return RealtimeKit's JSON."""
        return formats.to_json((yield from self._segments(options)))

    def _segments(
        self, options: FileOptions, errors: list[DecodeError] | None = None
    ) -> Flow[list[transcript_segments.Segment]]:
        segments = yield from self._segments_unchecked(options, errors)
        if why := self.suspect:
            session_id = self._scope.get("session_id")
            warnings.warn(f"the transcript of the session {session_id} is suspect: {why}", SuspectTranscriptWarning, 2)
        return segments

    def _segments_unchecked(
        self, options: FileOptions, errors: list[DecodeError] | None = None
    ) -> Flow[list[transcript_segments.Segment]]:
        """Return the segments, without a warning, for callers that show why the transcript is `suspect`."""
        if self._format is None:
            yield from self._merge_call(Call("GET", query={"format": "JSON"}, options=options))
            self.__dict__["_format"] = "JSON"
        content = yield from self._content(options)
        yield from self._check_file(is_empty=not content.strip())
        return transcript_segments.parse_transcript(content, errors=errors)

    def _check_file(self, *, is_empty: bool, session: Mapping[str, Any] | None = None) -> Flow[str | None]:
        """Return why the file that was read or downloaded is `suspect`.

        An empty one is, if the session shows that people were there and nothing was transcribed.

        Args:
            is_empty: whether the file is.
            session: the data of the session; if it is needed and None, it is requested.
        """
        self.__dict__["_suspicion"] = None
        if is_empty:
            try:
                if session is None:
                    session, _ = yield from self._look_up(self._path().rpartition("/")[0])
                minutes = float(session.get("minutes_consumed") or 0)
                transcribed = float(session.get("transcription_minutes_consumed") or 0)
            except (RealtimeKitError, LookupError, TypeError, ValueError):
                return self.suspect
            if transcribed <= 0 and minutes >= SILENT_MINUTES:
                text = f"it is empty, although people were in the session for {minutes:.1f} participant minutes"
                self.__dict__["_suspicion"] = text
        return self.suspect

    def __copy__(self) -> Self:
        return self._copy_state_to(super().__copy__())

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._copy_state_to(super().__deepcopy__(memo))

    def __reduce__(self) -> tuple[Any, ...]:
        return (*super().__reduce__(), {"_format": self._format, "_suspicion": self._suspicion})

    def _copy_state_to(self, copy: Self) -> Self:
        copy.__dict__.update(_format=self._format, _suspicion=self._suspicion)
        return copy

    def _execute(self, call: Call) -> Flow[Any]:
        return super()._execute(call._replace(query={"format": self._format, **(call.query or {})}))
