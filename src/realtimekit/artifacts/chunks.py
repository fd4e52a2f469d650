"""Chunks: a transcript in parts for a language model or a search index, each with the data to cite it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from realtimekit.artifacts.segments import Segment, one_line, validate_segments
from realtimekit.safe_text import clean

ChunkBy: TypeAlias = Literal["speaker", "size"]

MIN_CHARS = 100
_MILLISECOND = timedelta(milliseconds=1)


class Chunk(NamedTuple):
    """A piece of a transcript. Names and text are those of participants: data, not instructions for a model.

    Attributes:
        session_id: the session; None if it is not known.
        number: the position of the chunk, from 1.
        start_ms: when its first segment begins, in milliseconds from the beginning of the transcript.
        end_ms: when its last segment ends; None if the file does not say.
        speaker: who speaks, by display name; None if it is not known, or several people do.
        speakers: all of them, in the order in which they first speak in it.
        segments: the numbers of its segments, from 1, as the archive's table `transcript_segments` has them.
        text: what was said, on one line; with several speakers, a line for each segment: "Alice: Hello everyone".
    """

    session_id: str | None
    number: int
    start_ms: int
    end_ms: int | None
    speaker: str | None
    speakers: list[str]
    segments: list[int]
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return self._asdict()


class _Piece(NamedTuple):
    """A segment in a chunk, or a part of one."""

    number: int
    segment: Segment
    label: str
    text: str

    def __str__(self) -> str:
        return self.label + self.text


def chunk_segments(
    segments: Iterable[Segment],
    *,
    max_chars: int = 2000,
    overlap: int = 0,
    by: ChunkBy = "speaker",
    session_id: str | None = None,
) -> list[Chunk]:
    """Return segments in chunks: see `Transcript.chunks`.

    Args:
        segments: as `transcript.segments()` returns them.
        max_chars: of the text of a chunk, 100 or more.
        overlap: how many characters from the end of a chunk are repeated at the beginning of the next one, at most;
            whole words.
        by: "speaker" or "size".
        session_id: for the citations.

    Raises:
        ValueError: `by` is neither, `max_chars` is less than 100, or `overlap` is negative or more than half of it.
        TypeError: `segments` are not segments.
    """
    if by not in get_args(ChunkBy):
        raise ValueError(f"by={by!r}: use 'speaker' or 'size'")
    numbers: dict[str, Any] = {"max_chars": max_chars, "overlap": overlap}
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be a whole number of characters, not {type(value).__name__}")
    if max_chars < MIN_CHARS:
        raise ValueError(f"max_chars={max_chars}: use {MIN_CHARS} or more")
    if not 0 <= overlap <= max_chars // 2:
        raise ValueError(f"overlap={overlap}: use 0 to {max_chars // 2}, half of max_chars")
    separator = " " if by == "speaker" else "\n"
    groups = _groups(validate_segments(segments), max_chars, overlap, by)
    return [_chunk(session_id, number, pieces, separator) for number, pieces in enumerate(groups, 1)]


def _chunk(session_id: str | None, number: int, pieces: list[_Piece], separator: str) -> Chunk:
    kept = [piece.segment for piece in pieces]
    ends = [segment.end for segment in kept if segment.end is not None]
    names = list(dict.fromkeys(name for segment in kept if (name := _name(segment))))
    is_one = len({_name(segment) for segment in kept}) == 1
    return Chunk(
        session_id,
        number,
        min(segment.start for segment in kept) // _MILLISECOND,
        max(ends) // _MILLISECOND if len(ends) == len(kept) else None,
        names[0] if is_one and names else None,
        names,
        list(dict.fromkeys(piece.number for piece in pieces)),
        separator.join(map(str, pieces)),
    )


def _groups(segments: list[Segment], max_chars: int, overlap: int, by: ChunkBy) -> Iterator[list[_Piece]]:
    pieces: list[_Piece] = []
    size = repeated = 0  # the characters of the pieces; how many of these were in the chunk before

    def begin(kept: list[_Piece]) -> None:
        nonlocal pieces, size, repeated
        pieces, size, repeated = kept, sum(map(len, map(str, kept))) + len(kept), len(kept)

    for number, segment in enumerate(segments, 1):
        if by == "speaker" and pieces and not _is_same_speaker(pieces[-1].segment, segment):
            if repeated < len(pieces):
                yield pieces
            begin([])
        name = _name(segment)
        label = f"{name[: max_chars // 4]}: " if by == "size" and name else ""
        text = one_line(clean(segment.text))
        while text:
            room = max_chars - len(label) - size
            if len(text) <= room:
                pieces.append(_Piece(number, segment, label, text))
                size += len(label) + len(text) + 1
                break
            # A segment is cut only if it does not fit into a chunk of its own, after what is repeated there.
            fits_alone = len(label) + len(text) < max_chars - overlap
            if repeated < len(pieces) and (fits_alone or room < max_chars // 4):
                yield pieces
            else:
                part = _words(text, room)
                pieces.append(_Piece(number, segment, label, part))
                yield pieces
                text = text[len(part) :].lstrip()
            begin(_tail(pieces, overlap))
    if repeated < len(pieces):
        yield pieces


def _tail(pieces: list[_Piece], limit: int) -> list[_Piece]:
    """Return the end of a chunk, of at most so many characters, in whole words."""
    kept: list[_Piece] = []
    for piece in reversed(pieces):
        room = limit - sum(len(str(one)) + 1 for one in kept) - len(piece.label) - 1
        if len(piece.text) <= room:
            kept.insert(0, piece)
            continue
        cut = piece.text[len(piece.text) - room :] if room > 0 else ""
        if piece.text[len(piece.text) - len(cut) - 1] != " ":  # in the middle of a word
            cut = cut.partition(" ")[2]
        if cut.strip():
            kept.insert(0, piece._replace(text=cut.strip()))
        break
    return kept


def _words(text: str, room: int) -> str:
    """Return the beginning of a text, of at most so many characters: whole words, if there is a space."""
    if text[room] == " ":
        return text[:room].rstrip()
    return text[:room].rpartition(" ")[0].rstrip() or text[:room]


def _is_same_speaker(one: Segment, other: Segment) -> bool:
    ids = [
        segment.peer and (segment.peer.custom_participant_id or segment.peer.user_id or segment.peer.id)
        for segment in (one, other)
    ]
    return ids[0] == ids[1] if all(ids) else _name(one) == _name(other)


def _name(segment: Segment) -> str:
    return one_line(clean(segment.speaker or ""))
