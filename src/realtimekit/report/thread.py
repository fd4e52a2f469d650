"""What was said and what was written, in one thread by time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.report.people import known

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from realtimekit.report.gathering import Report

# Somebody who goes on after so short a pause, and whom nobody interrupted, says one thing.
PAUSE = timedelta(seconds=20)
_OTHER_THAN_TEXT = {"IMAGE_MESSAGE": "an image", "FILE_MESSAGE": "a file"}


class Remark(NamedTuple):
    """Something that somebody said or wrote.

    Attributes:
        at: when it began; None where that is not known.
        until: when it ended.
        who: the name that was shown.
        person: at which place of `report.people` they are; None where they are not known.
        written: in the chat, not spoken.
        texts: paragraphs.
        sent: "an image" or "a file", where it is no text: what stands for it may be a link that opens it for anybody.
    """

    at: datetime | None
    until: datetime | None
    who: str | None
    person: int | None
    written: bool
    texts: list[str]
    sent: str | None = None


def thread_of(report: Report) -> list[Remark]:
    """All that was said and written, by time; what has none comes last. What belongs together is one remark."""
    return _merged(remarks_of(report))


def remarks_of(report: Report) -> list[Remark]:
    """The same, one by one."""
    by_id = {id_: at for at, person in enumerate(report.people) for id_ in person.ids}
    names = [person.name for person in report.people]
    by_name = {name: at for at, name in enumerate(names) if name and names.count(name) == 1}

    def person(name: Any, *ids: Any) -> int | None:
        return next((by_id[id_] for id_ in ids if id_ in by_id), by_name.get(name))

    remarks = [*_spoken(report, person), *_written(report, person)]
    timed = sorted((remark for remark in remarks if remark.at), key=lambda remark: remark.at or report.made)
    return [*timed, *(remark for remark in remarks if not remark.at)]


def _spoken(report: Report, person: Any) -> Iterator[Remark]:
    started: datetime | None = known(report.session, "started_at")
    for segment in report.segments or []:
        peer = segment.peer
        ids = (peer.id, peer.user_id, peer.custom_participant_id) if peer else ()
        at, until = (_after(started, time) for time in (segment.start, segment.end))
        yield Remark(at, until, segment.speaker, person(segment.speaker, *ids), written=False, texts=[segment.text])


def _after(started: datetime | None, time: timedelta | None) -> datetime | None:
    try:
        return None if started is None or time is None else started + time
    except OverflowError:  # a file can say anything
        return None


def _written(report: Report, person: Any) -> Iterator[Remark]:
    for message in report.messages or []:
        sent = _OTHER_THAN_TEXT.get(message.payload_type or "")
        who = person(message.display_name, message.participant_id)
        texts = [] if sent else [message.payload or ""]
        yield Remark(message.created_at, None, message.display_name, who, written=True, texts=texts, sent=sent)


def _merged(remarks: list[Remark]) -> list[Remark]:
    found: list[Remark] = []
    for remark in remarks:
        last = found[-1] if found else None
        if last and _goes_on(last, remark):
            until = max(filter(None, (last.until, remark.until)), default=None)
            found[-1] = last._replace(texts=[*last.texts, *remark.texts], until=until)
        else:
            found.append(remark)
    return found


def _goes_on(last: Remark, remark: Remark) -> bool:
    same = (last.who, last.person) == (remark.who, remark.person) and not (last.written or remark.written)
    since = last.until or last.at
    return bool(same and remark.at and since and remark.at - since <= PAUSE)
