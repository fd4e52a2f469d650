"""What a notebook shows: short, escaped, and never more than one request."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from realtimekit.archive.search import Match, Matches
from realtimekit.costs.prices import read_prices
from realtimekit.costs.result import Calculation
from realtimekit.costs.usage import SessionRecords
from realtimekit.resources.session_quality import MissingReport, SessionQuality
from tests.costs.platform import NOW, App, session, stay

from .scripted import Mode, Script, client_of, error, lost, ok, paging_of

HOSTILE = '<script>alert(1)</script>" onmouseover="x\x1b[31m\u202e\ud800\n' + "x" * 1000


class Page(HTMLParser):
    """The tags and the texts of cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def check(html: str) -> Page:
    """Check that nothing in it can do anything."""
    page = Page(html)
    assert page.tags <= {"b", "table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
    assert page.attributes <= {"dir", "style"}
    assert not {"\x1b", "\u202e", "\ud800"} & set(html)
    assert all(len(text) <= 400 for text in page.texts)
    html.encode()
    return page


def test_a_session() -> None:
    record = client_of(Script()).sessions.ref("s1")
    record._merge({"status": "ENDED", "started_at": "2026-06-03T10:00:00Z", "meeting_display_name": HOSTILE, "x": 1})
    page = check(record._repr_html_())
    assert page.texts[:3] == ["Session", "id", "s1"]
    assert "2026-06-03 10:00:00" in page.texts
    assert "x" not in page.texts
    record._merge({"started_at": "soon"})
    assert "soon" in check(record._repr_html_()).texts


def test_no_secret_of_a_record_is_shown() -> None:
    record = client_of(Script()).livestreams.ref("l1")
    record._merge({"stream_key": "a-secret-key", "name": "weekly", "status": "LIVE"})
    assert "weekly" in check(record._repr_html_()).texts
    assert "a-secret-key" not in record._repr_html_()


def records(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [session(number, **fields) for number in range(count)]


def test_a_list_sends_one_request_for_its_first_page() -> None:
    script = Script(ok({"sessions": records(10)}, paging_of(123, 1, 10)))
    page = check(client_of(script).sessions.where(status="ENDED")._repr_html_())
    assert script.call.query == {"status": "ENDED", "page_no": "1", "per_page": "10"}
    assert page.texts[0].endswith("status='ENDED'>: 10 of 123")
    assert page.texts[-1] == "Displaying a list requests its first page: one request."
    assert page.texts.count("Weekly") == 10


def test_a_server_that_sends_more_than_asked_for() -> None:
    script = Script(ok({"sessions": records(500, meeting_display_name=HOSTILE)}))
    page = check(client_of(script).sessions._repr_html_())
    assert len([text for text in page.texts if re.fullmatch(r"s\d+", text)]) == 10


@pytest.mark.parametrize(
    ("refine", "query", "rows"),
    [
        (lambda sessions: sessions.limit(3), {"page_no": "1", "per_page": "3"}, 3),
        (lambda sessions: sessions.limit(50), {"page_no": "1", "per_page": "10"}, 10),
        (lambda sessions: sessions.page_size(100), {"page_no": "1", "per_page": "10"}, 10),
        # Another size would make another page of it.
        (lambda sessions: sessions.where(page_no=3).page_size(20), {"page_no": "3", "per_page": "20"}, 10),
    ],
)
def test_pages_and_limits(refine: Any, query: dict[str, str], rows: int) -> None:
    script = Script(ok({"sessions": records(10)}, paging_of(123, 1, 10)))
    page = check(refine(client_of(script).sessions)._repr_html_())
    assert script.call.query == query
    assert len([text for text in page.texts if re.fullmatch(r"s\d+", text)]) == rows


@pytest.mark.parametrize("answer", [error(500, HOSTILE), error(429, retry_after="1"), lost(), ok({"sessions": 5})])
def test_an_error_is_shown_after_one_request(answer: Any) -> None:
    script = Script(answer)
    page = check(client_of(script, max_retries=5).sessions._repr_html_())
    assert "the first page could not be read" in page.texts[0]
    assert len(script.calls) == 1


def test_lists_that_one_request_may_not_show_send_none(mode: Mode) -> None:
    script = Script()
    client = mode.client(script)
    lists = [client.sessions.ref("s1").recordings]  # a filter that the API lacks
    if mode.asynchronous:
        lists.append(client.sessions)
    for relation in lists:
        assert "nothing was requested" in check(relation._repr_html_()).texts[0]
    assert script.calls == []


def test_an_empty_list() -> None:
    script = Script(ok({"sessions": []}, paging_of(0, 0, 0)))
    assert check(client_of(script).sessions._repr_html_()).texts[0].endswith(": 0 of 0")


def test_quality() -> None:
    participant: Any = client_of(Script()).sessions.ref("s1").participants.ref("p1")
    participant._merge({"display_name": HOSTILE})
    quality = SessionQuality("s1", [], [MissingReport(participant, "no report", None)])
    assert "no report" in check(quality._repr_html_()).texts
    assert check(SessionQuality("s1", [], [])._repr_html_()).texts[0].startswith("<SessionQuality")


def test_costs_and_attendance(mode: Mode) -> None:
    people = [stay(f"P{number}", display_name=HOSTILE) for number in range(20)]
    calculation = Calculation({}, read_prices(), "participant", NOW)
    calculation.add(SessionRecords(session(), people))
    page = check(calculation.result(None, None)._repr_html_())
    assert "10 more rows are not shown." in page.texts[-1]
    app = App(sessions=[session()], participants={"s1": people})
    attendance = mode.get(mode.client(app.script).sessions.ref("s1").attendance(now=NOW + timedelta(1)))
    assert "<Attendance sessions=1 people=20>" in check(attendance._repr_html_()).texts


def test_matches_of_an_archive() -> None:
    match = Match("s1", HOSTILE, None, "chat", HOSTILE, None, NOW, f"a word {HOSTILE}{HOSTILE}", [(2, 6), (7, 400)])
    html = Matches([match] * 12)._repr_html_()
    assert "a <b>word</b> <b>" in html
    page = check(html)
    assert page.texts[0] == "Matches: 12"
    assert page.texts[-1] == "2 more rows are not shown."
    assert check(Matches()._repr_html_()).texts == ["Matches: 0", "at", "title", "speaker", "snippet", "session_id"]
