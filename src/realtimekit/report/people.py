"""Who was there, and when: participants as people, who may have come several times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from realtimekit.flow import Sync
    from realtimekit.resources.session_participant import SessionParticipant


class Stay(NamedTuple):
    """From coming to going."""

    start: datetime
    end: datetime | None
    """None while they are there."""


class Person(NamedTuple):
    """Somebody who took part, by whatever number of peers.

    Attributes:
        name: the one that was shown last; None where there was none.
        preset_name: of the last stay.
        ids: of all peers, and the user's: what transcripts and chats may name them by.
        stays: in the order of time, without overlaps.
    """

    name: str | None
    preset_name: str | None
    ids: frozenset[str]
    stays: list[Stay]


def known(record: Any, name: str) -> Any:
    """A field of a record; None where it is not there, or cannot be read as what it should be."""
    try:
        return getattr(record, name)
    except DecodeError:
        return None


def people_of(participants: Iterable[SessionParticipant[Sync]], ended: datetime | None) -> list[Person]:
    """The people behind participants, in the order in which they came first.

    Args:
        participants: with their `peer_events`, if these are to count.
        ended: when the session ended: who did not leave before, left then.
    """
    by_key: dict[Any, list[SessionParticipant[Sync]]] = {}
    for at, participant in enumerate(participants):
        custom, user, own = (known(participant, name) for name in ("custom_participant_id", "user_id", "id"))
        by_key.setdefault(custom or user or own or at, []).append(participant)
    people = [_person(same, ended) for same in by_key.values()]
    return sorted(people, key=lambda person: (not person.stays, person.stays[0].start if person.stays else None))


def _person(peers: list[SessionParticipant[Sync]], ended: datetime | None) -> Person:
    names = ("custom_participant_id", "user_id", "id")
    ids = frozenset(str(value) for peer in peers for name in names if (value := known(peer, name)))
    stays = _joined([stay for peer in peers for stay in _stays(peer, ended)])
    return Person(_last(peers, "display_name"), _last(peers, "preset_name"), ids, stays)


def _last(peers: list[SessionParticipant[Sync]], name: str) -> str | None:
    return next((value for peer in reversed(peers) if (value := known(peer, name))), None)


def _stays(peer: SessionParticipant[Sync], ended: datetime | None) -> list[Stay]:
    """By the peer's events, which tell of several stays; where there are none, by the participant itself."""
    told = [(known(event, "created_at"), known(event, "event_name")) for event in known(peer, "peer_events") or []]
    events = sorted((at, name) for at, name in told if at and name in {"PEER_JOINING", "PEER_LEAVING"})
    stays: list[Stay] = []
    since: datetime | None = None
    for at, name in events:
        if name == "PEER_JOINING":
            since = since or at
        elif since:
            stays.append(Stay(since, at))
            since = None
    if not stays and not since:
        since = known(peer, "joined_at") or known(peer, "created_at")
    if since:
        left = known(peer, "left_at") or ended
        stays.append(Stay(since, None if left is None else max(since, left)))
    return stays


def _joined(stays: list[Stay]) -> list[Stay]:
    """In the order of time; two devices at once are one stay."""
    found: list[Stay] = []
    for stay in sorted(stays, key=lambda stay: stay.start):
        last = found[-1] if found else None
        if last and (last.end is None or stay.start <= last.end):
            end = None if last.end is None or stay.end is None else max(last.end, stay.end)
            found[-1] = Stay(last.start, end)
        else:
            found.append(stay)
    return found
