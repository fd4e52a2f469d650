"""A meeting with hostile participants, simulated with the emulator; and a parser of pages."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple

from realtimekit import RealtimeKit, Session
from realtimekit.emulator import Emulator
from realtimekit.transports.emulator import connected

TITLE = "Weekly </title><script>document.title='owned'</script>"
# What people call themselves.
NAMES = (
    "Alice",
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "Bob \u202egnp.exe",
    "W" * 400,
    "مريم",
)
SAID = (
    "Good morning.",
    "</p></li></ol><script>document.title='owned'</script>",
    "{{ 7 * 7 }} {% raw %} ${7 * 7} &lt;b&gt; &amp;",
    "<style>body{display:none}</style>",
    "a\x07b",
    "صباح الخير",
)
WRITTEN = (
    "see https://example.com/a?b=1&c=%22, it is green",
    "javascript:document.title='owned'",
    "https://example.com/\"onmouseover=\"document.title='owned'",
    "data:text/html,<script>document.title='owned'</script>",
    "<iframe src=https://example.com></iframe>",
    "x" * 3000,
)


class Met(NamedTuple):
    """The meeting after it has ended."""

    client: RealtimeKit
    emulator: Emulator
    session: Session
    meeting_id: str


def meet(emulator: Emulator, title: str = TITLE) -> Met:
    """They join one after the other, each says and writes one thing; Alice leaves and rejoins."""
    client = RealtimeKit(**connected(emulator))
    meeting = client.meetings.create(
        title=title, transcribe_on_end=True, summarize_on_end=True, live_stream_on_start=True, record_on_start=True
    )
    people = [
        meeting.participants.create(name=name, custom_participant_id=f"user-{at}", preset_name="group_call_host")
        for at, name in enumerate(NAMES)
    ]
    peers = []
    for person in people:
        peers.append(emulator.join(meeting.id, person.id))
        emulator.advance(60)
    session_id = peers[0].session_id
    now = 60 * len(people)
    for peer, said, written in zip(peers, SAID, WRITTEN, strict=True):
        emulator.speak(session_id, peer.peer_id, said, now * 1000, now * 1000 + 4000)
        emulator.advance(10)
        emulator.chat(session_id, peer.peer_id, written)
        emulator.advance(50)
        now += 60
    emulator.leave(meeting.id, peers[0].peer_id)
    emulator.advance(120)
    emulator.join(meeting.id, people[0].id)
    emulator.advance(120)
    emulator.end(meeting.id)
    emulator.advance(60)
    return Met(client, emulator, client.sessions.find(session_id), meeting.id)


class Element(NamedTuple):
    """A start tag."""

    tag: str
    attributes: dict[str, str | None]


class Page(HTMLParser):
    """The elements and the text of a page, as an independent parser sees them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def named(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    @property
    def text(self) -> str:
        return "".join(self.texts)
