"""The tools: what a model can read of sessions, over the API or from an archive."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from realtimekit import RealtimeKit
from realtimekit.archive import Archive
from realtimekit.archive.snippets import split_marks
from realtimekit.artifacts.messages import ChatMessage
from realtimekit.artifacts.segments import Segment
from realtimekit.errors import APIConnectionError, APIError, ArtifactError, AuthenticationError, DecodeError
from realtimekit.flow import Sync
from realtimekit.kwargs import drop_none
from realtimekit.mcp_server import items, results
from realtimekit.mcp_server.paging import Paging
from realtimekit.mcp_server.session_search import Passage, find_passages
from realtimekit.mcp_server.time_codes import parse_time_code
from realtimekit.mcp_server.untrusted import clean, clean_line, pieces
from realtimekit.paths import encode_segment
from realtimekit.relation import Relation
from realtimekit.report.fields import get_field
from realtimekit.resources.session import Session
from realtimekit.resources.session_quality import iter_quality
from realtimekit.values import to_unix_seconds, validate_time_range

T = TypeVar("T")
MAX_DEPTH = 1_000  # matches that a search can page through
MAX_RECORDINGS = 20
MAX_IDLE_USAGE = 20

SessionId: TypeAlias = Annotated[str, Field(min_length=1, max_length=200, description="The id of the session.")]
Cursor: TypeAlias = Annotated[
    str | None, Field(max_length=200, description="`next_cursor` of the last result, to go on from there.")
]
StartOfRange: TypeAlias = Annotated[
    str | None, Field(description="From this date or time on: ISO 8601, UTC if it has no time zone.")
]
EndOfRange: TypeAlias = Annotated[
    str | None, Field(description="Up to this time, or to the end of this date: ISO 8601, UTC if it has no time zone.")
]
MeetingId: TypeAlias = Annotated[
    str | None, Field(min_length=1, max_length=200, description="Only sessions of the meeting with this id.")
]
TimeCode: TypeAlias = Annotated[str | None, Field(description='Time code in the session: "00:12:30" or "12:30".')]
Speaker: TypeAlias = Annotated[
    str | None, Field(max_length=200, description="Only what this person said or wrote; a part of the name is enough.")
]


class Tools:
    """The tools, each a method; they block, and may be called from several threads.

    Args:
        client: a client of the API, or of an archive.
        archive: the archive that the client reads from; None for the API.
    """

    def __init__(self, client: RealtimeKit, archive: Archive | None = None) -> None:
        self._client = client
        self._archive = archive

    def all(self) -> list[Callable[..., Any]]:
        """Return the tools, in the order in which they are listed."""
        return [
            self.search_transcripts,
            self.list_sessions,
            self.get_session,
            self.get_transcript,
            self.get_summary,
            self.get_chat,
            self.call_quality,
            self.session_costs,
        ]

    # --- search ------------------------------------------------------------------------------------------------------

    def search_transcripts(
        self,
        words: Annotated[
            str,
            Field(
                min_length=1,
                max_length=1000,
                description='All words must occur. "a phrase" matches exactly, bud* matches a prefix, -word excludes, '
                "OR matches either word. Case and accents are ignored.",
            ),
        ],
        session_id: Annotated[
            str | None, Field(min_length=1, max_length=200, description="Only this session, in the order of time.")
        ] = None,
        speaker: Speaker = None,
        meeting_id: MeetingId = None,
        since: StartOfRange = None,
        until: EndOfRange = None,
        limit: Annotated[int, Field(ge=1, le=50)] = 20,
        cursor: Cursor = None,
    ) -> results.SearchResult:
        """Search in transcripts, chats and summaries.

        Over all sessions of an archive, the best matches first, or within one session. The live API cannot search:
        there, `session_id` is required.
        """
        paging = Paging(
            "search_transcripts", cursor, limit,
            words=words, session_id=session_id, speaker=speaker, meeting_id=meeting_id, since=since, until=until,
        )  # fmt: skip
        start, end = _time_range(since, until)
        if session_id is not None:
            if meeting_id or start or end:
                raise ToolError(
                    "meeting_id, since and until are only for a search over all sessions: leave out session_id"
                )
            searched, matches = self._search_session(session_id, words, speaker)
        elif self._archive is None:
            raise ToolError(
                "session_id: required, because the live API cannot search over all sessions. Find sessions with "
                "list_sessions, or ask the user to start this server with --archive, where everything can be searched"
            )
        else:
            count = min(paging.start + limit + 1, MAX_DEPTH)
            found = self._archive.search(
                words, speaker=speaker, since=start, until=end, meeting_id=meeting_id, limit=count
            )
            searched = "all transcripts, chats and summaries of the archive"
            if len(found) == MAX_DEPTH:
                searched += f"; only the first {MAX_DEPTH:,} matches are returned: narrow the search"
            matches = [
                items.match_item(
                    each.session_id, each.kind,
                    None if each.start_ms is None else timedelta(milliseconds=each.start_ms), each.at,
                    items.found_text(each.title, each.speaker, each.pieces()), each.meeting_id,
                )
                for each in found
            ]  # fmt: skip
        page, next_cursor = paging.paginate(matches)
        return results.SearchResult(searched=searched, matches=page, next_cursor=next_cursor)

    def _search_session(self, session_id: str, words: str, speaker: str | None) -> tuple[str, list[results.Match]]:
        session = self._session(session_id, load=True)
        passages: list[Passage] = []
        missing: dict[str, str] = {}
        for kind, read in (
            ("transcript", lambda: [_said(segment) for segment in self._segments(session)[0]]),
            ("chat", lambda: [_written(message) for message in session.chat.messages(errors=[])]),
            ("summary", lambda: [Passage("summary", None, None, None, session.summary.text())]),
        ):
            passages += _unless_missing(kind, read, missing) or []
        if len(missing) == 3:
            raise ToolError("; ".join(f"no {kind}: {reason}" for kind, reason in missing.items()))
        title = get_field(session, "meeting_display_name")
        matches = [
            items.match_item(
                session_id, each.kind, each.start, each.at,
                items.found_text(title, each.speaker, split_marks(one.snippet, one.marks)),
                get_field(session, "associated_id"),
            )
            for each, one in find_passages(passages, words, speaker)
        ]  # fmt: skip
        parts = [kind for kind in ("transcript", "chat", "summary") if kind not in missing]
        notes = "".join(f"; no {kind}: {reason}" for kind, reason in missing.items())
        return f"the {' and '.join(parts)} of the session{notes}", matches

    # --- sessions ----------------------------------------------------------------------------------------------------

    def list_sessions(
        self,
        search: Annotated[
            str | None, Field(min_length=1, max_length=200, description="A part of the title, or an id.")
        ] = None,
        meeting_id: MeetingId = None,
        status: Literal["LIVE", "ENDED"] | None = None,
        since: StartOfRange = None,
        until: EndOfRange = None,
        order: Literal["newest", "oldest", "longest", "shortest"] = "newest",
        limit: Annotated[int, Field(ge=1, le=50)] = 20,
        cursor: Cursor = None,
    ) -> results.SessionList:
        """List sessions, and how many match. "longest" is by participant minutes."""
        filters: dict[str, Any] = {"search": search, "meeting_id": meeting_id, "status": status}
        paging = Paging("list_sessions", cursor, limit, since=since, until=until, order=order, **filters)
        filters["start_time"], filters["end_time"] = _time_range(since, until)
        sort_key = {
            "newest": "-created_at", "oldest": "created_at", "longest": "-minutes_consumed",
            "shortest": "minutes_consumed",
        }[order]  # fmt: skip
        relation = self._client.sessions.where(**drop_none(filters)).order_by(sort_key)
        records, total, next_cursor = self._page(relation, paging)
        return results.SessionList(
            total=total, sessions=[items.session_item(each) for each in records], next_cursor=next_cursor
        )

    def get_session(
        self,
        session_id: SessionId,
        limit: Annotated[int, Field(ge=1, le=50, description="Participants per page.")] = 25,
        cursor: Cursor = None,
    ) -> results.SessionDetails:
        """Return a session with its participants and recordings."""
        paging = Paging("get_session", cursor, limit, session_id=session_id)
        session = self._session(session_id, load=True)
        records, _, next_cursor = self._page(session.participants, paging)
        missing: dict[str, str] = {}
        recordings = None
        if paging.start == 0 and get_field(session, "associated_id"):  # through the meeting they are found
            found = _unless_missing("recordings", lambda: session.recordings.limit(MAX_RECORDINGS).all(), missing)
            recordings = None if found is None else [items.recording_item(each) for each in found]
        return results.SessionDetails(
            session=items.session_item(session),
            participants=[items.participant_item(each) for each in records],
            recordings=recordings,
            missing=missing or None,
            next_cursor=next_cursor,
        )

    # --- what was said -----------------------------------------------------------------------------------------------

    def get_transcript(
        self,
        session_id: SessionId,
        start: TimeCode = None,
        end: TimeCode = None,
        limit: Annotated[int, Field(ge=1, le=500, description="Segments per page.")] = 100,
        cursor: Cursor = None,
    ) -> results.Transcript:
        """Return what was said in a session, or between two time codes, in the order of time, with who said it."""
        paging = Paging("get_transcript", cursor, limit, session_id=session_id, start=start, end=end)
        with _as_argument_errors():
            first = None if start is None else parse_time_code("start", start)
            last = None if end is None else parse_time_code("end", end)
        if first is not None and last is not None and first >= last:
            raise ToolError(f"start={start!r} is not before end={end!r}")
        session = self._session(session_id)
        segments, unreadable = self._segments(session)
        within = sorted(
            (
                segment for segment in segments
                if (last is None or segment.start < last) and (first is None or (segment.end or segment.start) >= first)
            ),
            key=lambda segment: segment.start,
        )  # fmt: skip
        page, next_cursor = paging.paginate(
            item for segment in within for item in items.segment_items(session_id, segment)
        )
        return results.Transcript(
            session_id=session_id, suspect=session.transcript.suspect, unreadable=unreadable or None, segments=page,
            next_cursor=next_cursor,
        )  # fmt: skip

    def get_summary(self, session_id: SessionId, cursor: Cursor = None) -> results.Summary:
        """Return the summary of a session, which the platform made from its transcript."""
        paging = Paging("get_summary", cursor, 4, session_id=session_id)
        text = clean(self._session(session_id).summary.text())
        parts, next_cursor = paging.paginate(pieces(text))
        return results.Summary(
            session_id=session_id, citation=f"{session_id} summary", characters=len(text),
            untrusted=results.SummaryText(text="".join(parts)), next_cursor=next_cursor,
        )  # fmt: skip

    def get_chat(
        self,
        session_id: SessionId,
        limit: Annotated[int, Field(ge=1, le=500, description="Messages per page.")] = 100,
        cursor: Cursor = None,
    ) -> results.Chat:
        """Return the messages that were written in the chat of a session."""
        paging = Paging("get_chat", cursor, limit, session_id=session_id)
        unreadable: list[DecodeError] = []
        messages = self._session(session_id).chat.messages(errors=unreadable)
        page, next_cursor = paging.paginate(
            item for message in messages for item in items.message_items(session_id, message)
        )
        return results.Chat(
            session_id=session_id, unreadable=len(unreadable) or None, messages=page, next_cursor=next_cursor
        )

    # --- call quality ------------------------------------------------------------------------------------------------

    def call_quality(
        self,
        session_id: SessionId,
        limit: Annotated[int, Field(ge=1, le=10, description="Participants per page.")] = 5,
        cursor: Cursor = None,
    ) -> results.CallQuality:
        """Return the call quality of each participant: what went wrong, when, and what was measured.

        It shows who was cut off, had a bad network or a slow device. One request per participant.
        """
        paging = Paging("call_quality", cursor, limit, session_id=session_id)
        session = self._session(session_id, load=True)
        records, _, next_cursor = self._page(session.participants, paging)
        started_at = get_field(session, "started_at")
        found = [
            items.quality_item(session_id, started_at, each) for each in iter_quality(session, participants=records)
        ]
        return results.CallQuality(session_id=session_id, participants=found, next_cursor=next_cursor)

    # --- costs -------------------------------------------------------------------------------------------------------

    def session_costs(
        self,
        session_id: SessionId,
        limit: Annotated[int, Field(ge=1, le=100, description="People per page.")] = 50,
        cursor: Cursor = None,
    ) -> results.SessionCosts:
        """Return what a session cost: by kind of minute and by person, with the source of each price.

        It names what was paid for nobody: agents, recorders and recordings that continued when everybody had left.
        """
        paging = Paging("session_costs", cursor, limit, session_id=session_id)
        costs = self._session(session_id, load=True).costs(by="participant")
        page, next_cursor = paging.paginate(map(items.person_costs, costs.groups))
        return results.SessionCosts(
            session_id=session_id,
            citation=f"{session_id} costs",
            currency=costs.currency,
            cost=round(costs.cost, 4),
            unpriced=costs.unpriced or None,
            lines=[items.cost_line(line) for line in costs.lines],
            people=page,
            idle_usage=[items.idle_usage(one) for one in costs.idle_usage[:MAX_IDLE_USAGE]],
            minutes_consumed=costs.differences[0].minutes_consumed if costs.differences else None,
            notes=costs.notes,
            next_cursor=next_cursor,
        )

    # --- reading -----------------------------------------------------------------------------------------------------

    def _session(self, session_id: str, *, load: bool = False) -> Session[Sync]:
        with _as_argument_errors():
            encode_segment("session_id", session_id)
        return self._client.sessions.find(session_id) if load else self._client.sessions.ref(session_id)

    def _page(self, relation: Relation[Any, Sync], paging: Paging) -> tuple[list[Any], int | None, str | None]:
        """Return a page of a list, the total if the server says it, and the cursor of the next page.

        The position in a cursor is the number of pages before.
        """
        number = paging.start + 1
        page = self._client.run(relation.page_size(paging.limit)._fetch_page(number))
        total, end = page.paging.total_count, page.paging.end_offset
        more = total is None or (number * paging.limit if end is None else end) < total
        return page.records, total, paging.cursor(number) if more and page.keys else None

    def _segments(self, session: Session[Sync]) -> tuple[list[Segment], int]:
        """Return the segments of a session, and how many rows of the file cannot be read."""
        unreadable: list[DecodeError] = []
        # Without a warning: the result says why the transcript is suspect.
        segments: list[Segment] = self._client.run(session.transcript._segments_unchecked({}, unreadable))
        return segments, len(unreadable)


def _unless_missing(kind: str, read: Callable[[], T], missing: dict[str, str]) -> T | None:
    """Return what is read, or None, with the reason in `missing`."""
    try:
        return read()
    except AuthenticationError:
        raise
    except (APIError, APIConnectionError, DecodeError) as error:
        missing[kind] = clean_line(reason(error))
        return None


def reason(error: Exception) -> str:
    """Return the message of an error, without the request: the ids of account and app mean nothing to a reader."""
    if isinstance(error, ArtifactError):
        return str(error).partition("; ")[2] or str(error)
    if isinstance(error, APIError):
        return f"{error.message.removeprefix('Error: ') or 'the API reports an error'} (status {error.status})"
    return str(error)


def _said(segment: Segment) -> Passage:
    return Passage("transcript", segment.speaker, segment.start, None, segment.text)


def _written(message: ChatMessage) -> Passage:
    return Passage("chat", message.display_name, None, message.created_at, message.payload or "")


def _time_range(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    with _as_argument_errors():
        start = None if since is None else datetime.fromtimestamp(to_unix_seconds(since, "since"), UTC)
        end = None if until is None else datetime.fromtimestamp(to_unix_seconds(until, "until", end_of_day=True), UTC)
        validate_time_range(start, end, inclusive=True)
    return start, end


@contextmanager
def _as_argument_errors() -> Generator[None]:
    """Report a ValueError or TypeError about an argument to the model, in its words."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ToolError(str(error)) from None
