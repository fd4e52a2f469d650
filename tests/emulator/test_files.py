"""Signed links, how long they and the files live, and the chat file."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from .shape import when

if TYPE_CHECKING:
    from .world import Who, World

DAY = 86_400
CHAT_COLUMNS = [
    "id",
    "participantId",
    "sessionId",
    "meetingId",
    "displayName",
    "pinned",
    "isEdited",
    "payloadType",
    "payload",
    "createdAt",
]
NASTY = [
    'say "hi", Bob',
    "two\nlines",
    "a\r\nb",
    "é \U0001f600 \u202e",
    "=1+1",
    "",
    " , ",
    "'; drop table",
    "\x00\x1b[31m",
]


def links(world: World, session_id: str) -> dict[str, str]:
    found = {"chat.csv": world.get(f"/sessions/{session_id}/chat").data["chat_download_url"]}
    for kind in ("CSV", "JSON", "SRT", "VTT"):
        data = world.get(f"/sessions/{session_id}/transcript", format=kind).data
        found[f"transcript.{kind.lower()}"] = data["transcript_download_url"]
    found["summary.md"] = world.get(f"/sessions/{session_id}/summary").data["summaryDownloadUrl"]
    return found


@pytest.fixture
def who(world: World) -> Who:
    meeting_id = world.meeting(title="Planning")
    alice = world.join(meeting_id, "Alice")
    world.say(alice, "hello", 0, 4000)
    world.write(alice, "hi")
    world.end(meeting_id)
    return alice


def test_each_file_in_its_type_without_a_token(world: World, who: Who) -> None:
    got = {name: world.download(link) for name, link in links(world, who.session_id).items()}
    assert {name: (response.status, response.kind) for name, response in got.items()} == {
        "chat.csv": (200, "text/csv; charset=utf-8"),
        "transcript.csv": (200, "text/csv; charset=utf-8"),
        "transcript.json": (200, "application/json"),
        "transcript.srt": (200, "application/x-subrip; charset=utf-8"),
        "transcript.vtt": (200, "text/vtt; charset=utf-8"),
        "summary.md": (200, "text/markdown; charset=utf-8"),
    }
    for name, link in links(world, who.session_id).items():
        assert urlsplit(link).path.endswith(f"/{who.session_id}/{name}")


def test_the_summary_names_title_and_speakers(world: World, who: Who) -> None:
    text = world.download(links(world, who.session_id)["summary.md"]).body.decode()
    assert text.startswith("# Planning\n")
    assert "Alice" in text
    assert "hello" in text


def test_the_expiry_is_a_time_in_seven_days(world: World, who: Who) -> None:
    before = datetime.fromisoformat(world.emulator.now())
    for end, name in (
        ("chat", "chat_download_url"),
        ("transcript", "transcript_download_url"),
        ("summary", "summaryDownloadUrl"),
    ):
        data = world.get(f"/sessions/{who.session_id}/{end}").data
        expiry = data[name + ("Expiry" if end == "summary" else "_expiry")]
        assert when(expiry)
        life = datetime.fromisoformat(expiry) - before
        assert timedelta(days=7) <= life < timedelta(days=7, minutes=1)


# --- forged links


def test_a_changed_link_is_refused(world: World, who: Who) -> None:
    link = links(world, who.session_id)["chat.csv"]
    parts = urlsplit(link)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    signature, expires = query["signature"], query["expires"]
    later = str(int(expires) + 1)
    forged = [
        {"expires": expires, "signature": "0" * 64},
        {"expires": expires, "signature": signature[:-1] + ("1" if signature[-1] == "0" else "0")},
        {"expires": expires, "signature": signature.upper() + "x"},
        {"expires": expires, "signature": "é"},
        {"expires": expires, "signature": ""},
        {"expires": expires},
        {"signature": signature},
        {},
        {"expires": later, "signature": signature},
        {"expires": "abc", "signature": signature},
        {"expires": "", "signature": signature},
        {"expires": f"{expires}.0", "signature": signature},
        {"expires": f" {expires}", "signature": signature},
        {"expires": "nan", "signature": signature},
        {"expires": "9" * 5000, "signature": signature},
        {"expires": "-1", "signature": signature},
    ]
    for query in forged:
        response = world.send("GET", f"{parts.path}?{urlencode(query)}")
        assert response.status == 403, query
        assert b"hi" not in response.body.split(), query
    for tail in ("?expires=%ff&signature=%ff", "?expires=%00&signature=%", f"?signature={signature}&expires", "?&&=&"):
        assert world.send("GET", parts.path + tail).status == 403, tail


def test_a_link_opens_its_own_file_alone(world: World, who: Who) -> None:
    other = world.ended("Bob")[0]
    found = links(world, who.session_id)
    query = urlsplit(found["chat.csv"]).query
    for target in (
        urlsplit(found["summary.md"]).path,
        f"/files/{other.session_id}/chat.csv",
        f"/files/{who.session_id}/",
        f"/files/{who.session_id}/chat.csv/",
        f"/files/{who.session_id}//chat.csv",
        f"/files/x/../{who.session_id}/chat.csv",
        f"/files/{who.session_id}/%63hat.csv",
        "/files/%00/%ff",
        "/files/",
    ):
        assert world.send("GET", f"{target}?{query}").status == 403, target


def test_the_token_opens_no_file(world: World, who: Who) -> None:
    assert world.call("GET", f"/files/{who.session_id}/chat.csv").status == 403


# --- time


def test_a_link_ends_after_seven_days_though_the_chat_stays(world: World) -> None:
    who = world.ended(persist_chat=True)[0]
    link = links(world, who.session_id)["chat.csv"]
    world.advance(7 * DAY - 60)
    assert world.download(link).status == 200
    world.advance(61)
    assert world.download(link).status == 403
    fresh = world.get(f"/sessions/{who.session_id}/chat").data["chat_download_url"]
    assert fresh != link
    assert world.download(fresh).status == 200


def test_files_are_gone_after_seven_days(world: World) -> None:
    who = world.ended()[0]
    world.advance(6 * DAY)
    fresh = links(world, who.session_id)  # these would be valid for another seven days
    assert all(world.download(link).status == 200 for link in fresh.values())
    world.advance(DAY)
    assert {world.download(link).status for link in fresh.values()} == {404}
    chat = world.get(f"/sessions/{who.session_id}/chat")
    assert chat.status == 404
    assert chat.json()["error"]["message"] == "No chat dump found for this session!"
    for end in ("transcript", "summary"):
        assert world.get(f"/sessions/{who.session_id}/{end}").status == 404
    assert world.post(f"/sessions/{who.session_id}/summary").status == 404
    assert world.session(who.session_id)["status"] == "ENDED"  # the record itself stays


def test_persist_chat_keeps_the_chat_alone(world: World) -> None:
    who = world.ended(persist_chat=True)[0]
    world.advance(100 * DAY)
    assert world.get(f"/sessions/{who.session_id}/chat").status == 200
    assert world.get(f"/sessions/{who.session_id}/transcript").status == 404


def test_a_regenerated_summary_has_a_new_retention(world: World) -> None:
    who = world.ended()[0]
    world.advance(4 * DAY)
    assert world.post(f"/sessions/{who.session_id}/summary").status == 200
    world.advance(4 * DAY)
    assert world.get(f"/sessions/{who.session_id}/transcript").status == 404
    assert world.get(f"/sessions/{who.session_id}/summary").status == 200


# --- the chat


def test_the_chat_is_the_documented_table(world: World) -> None:
    meeting_id = world.meeting()
    alice, bob = world.join(meeting_id, 'Ali "A", ce'), world.join(meeting_id, "Bob")
    for number, text in enumerate(NASTY):
        world.write((alice, bob)[number % 2], text)
        world.advance(1)
    world.end(meeting_id)
    body = world.download(links(world, alice.session_id)["chat.csv"]).body
    header, *rows = csv.reader(io.StringIO(body.decode(), newline=""))
    assert header == CHAT_COLUMNS
    assert [row[CHAT_COLUMNS.index("payload")] for row in rows] == NASTY
    first = dict(zip(CHAT_COLUMNS, rows[0], strict=True))
    assert (first["participantId"], first["sessionId"], first["meetingId"]) == (
        alice.participant_id,
        alice.session_id,
        meeting_id,
    )
    assert first["displayName"] == 'Ali "A", ce'
    assert (first["pinned"], first["isEdited"], first["payloadType"]) == ("false", "false", "TEXT_MESSAGE")
    assert all(when(row[-1]) for row in rows)
    assert len({row[0] for row in rows}) == len(NASTY)
    assert re.search(rb"\r\n$", body)


def test_an_empty_chat_has_only_a_header(world: World) -> None:
    body = world.download(links(world, world.ended()[0].session_id)["chat.csv"]).body
    assert list(csv.reader(io.StringIO(body.decode()))) == [CHAT_COLUMNS]


def test_messages_stay_in_order(world: World) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id)
    texts = [f"{number}" for number in range(200)]
    for text in texts:
        world.emulator.chat(who.session_id, who.peer_id, text)
    world.end(meeting_id)
    body = world.download(links(world, who.session_id)["chat.csv"]).body
    _, *rows = csv.reader(io.StringIO(body.decode()))
    assert [row[8] for row in rows] == texts
