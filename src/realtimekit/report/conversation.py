"""The conversation: transcript and chat in one list, in chronological order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from realtimekit.report.fields import get_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from realtimekit.report.data import ReportData

# Segments of one speaker with a shorter pause between them, and nothing else, are one entry.
MAX_PAUSE = timedelta(seconds=20)
_ATTACHMENTS = {"IMAGE_MESSAGE": "an image", "FILE_MESSAGE": "a file"}


class Entry(NamedTuple):
    """Something that somebody said, or wrote in the chat.

    Attributes:
        start: when it began; None if that is not known.
        end: when it ended; None for chat messages, and if that is not known.
        name: the display name of the speaker or writer.
        attendee: the index in `report.attendees`; None if it is not known.
        is_chat: whether it was written in the chat.
        paragraphs: the texts.
        attachment: "an image" or "a file" if it is not text. Its payload is not shown, because it may be a link that
            opens the file for anybody.
    """

    start: datetime | None
    end: datetime | None
    name: str | None
    attendee: int | None
    is_chat: bool
    paragraphs: list[str]
    attachment: str | None = None


def build_conversation(data: ReportData) -> list[Entry]:
    """Return the entries in chronological order, those without a time last. Segments of one speaker are merged."""
    return _merge(list_entries(data))


def list_entries(data: ReportData) -> list[Entry]:
    """Return the same entries without merging them."""
    by_id = {id_: index for index, attendee in enumerate(data.attendees) for id_ in attendee.ids}
    names = [attendee.name for attendee in data.attendees]
    by_name = {name: index for index, name in enumerate(names) if name and names.count(name) == 1}

    def find_attendee(name: str | None, *ids: str | None) -> int | None:
        return next((by_id[id_] for id_ in ids if id_ in by_id), by_name.get(name) if name else None)

    entries = [*_spoken(data, find_attendee), *_written(data, find_attendee)]
    timed = sorted((entry for entry in entries if entry.start), key=lambda entry: entry.start or data.created_at)
    return [*timed, *(entry for entry in entries if not entry.start)]


def _spoken(data: ReportData, find_attendee: Callable[..., int | None]) -> Iterator[Entry]:
    started_at: datetime | None = get_field(data.session, "started_at")
    for segment in data.segments or []:
        peer = segment.peer
        ids = (peer.id, peer.user_id, peer.custom_participant_id) if peer else ()
        start, end = (_add(started_at, offset) for offset in (segment.start, segment.end))
        attendee = find_attendee(segment.speaker, *ids)
        yield Entry(start, end, segment.speaker, attendee, is_chat=False, paragraphs=[segment.text])


def _add(time: datetime | None, offset: timedelta | None) -> datetime | None:
    try:
        return None if time is None or offset is None else time + offset
    except OverflowError:  # a file may contain any number
        return None


def _written(data: ReportData, find_attendee: Callable[..., int | None]) -> Iterator[Entry]:
    for message in data.messages or []:
        attachment = _ATTACHMENTS.get(message.payload_type or "")
        attendee = find_attendee(message.display_name, message.participant_id)
        paragraphs = [] if attachment else [message.payload or ""]
        name, time = message.display_name, message.created_at
        yield Entry(time, None, name, attendee, is_chat=True, paragraphs=paragraphs, attachment=attachment)


def _merge(entries: list[Entry]) -> list[Entry]:
    merged: list[Entry] = []
    for entry in entries:
        last = merged[-1] if merged else None
        if last and _continues(last, entry):
            end = max(filter(None, (last.end, entry.end)), default=None)
            merged[-1] = last._replace(paragraphs=[*last.paragraphs, *entry.paragraphs], end=end)
        else:
            merged.append(entry)
    return merged


def _continues(last: Entry, entry: Entry) -> bool:
    same_speaker = (last.name, last.attendee) == (entry.name, entry.attendee) and not (last.is_chat or entry.is_chat)
    last_time = last.end or last.start
    return bool(same_speaker and entry.start and last_time and entry.start - last_time <= MAX_PAUSE)
