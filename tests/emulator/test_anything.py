"""Anything at all, sent to every route: an answer below 500, in JSON, and nothing changed by what was refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realtimekit.emulator import Emulator
from realtimekit.emulator.store import TABLES
from realtimekit.emulator.wire import Incoming, Outgoing

if TYPE_CHECKING:
    from collections.abc import Iterator

KIT = "/client/v4/accounts/{account}/realtime/kit"
APP = KIT + "/{app}"
MEETING = APP + "/meetings/{meeting}"
PERSON = MEETING + "/participants/{participant}"
SESSION = APP + "/sessions/{session}"
SETTINGS = "title record_on_start persist_chat session_keep_alive_time_in_secs recording_config ai_config"
PAGES = "page_no per_page"
# method, path, and the names of what it takes in its query (GET) or its body
ROUTES = [
    ("GET", KIT + "/apps", PAGES + " search sort_order"),
    ("POST", KIT + "/apps", "name"),
    ("GET", KIT + "/apps/{app}", ""),
    ("GET", APP + "/meetings", PAGES + " start_time end_time search status"),
    ("POST", APP + "/meetings", SETTINGS),
    ("GET", MEETING, ""),
    ("PATCH", MEETING, SETTINGS + " status"),
    ("PUT", MEETING, SETTINGS),
    ("GET", MEETING + "/participants", PAGES),
    ("POST", MEETING + "/participants", "custom_participant_id preset_name name picture"),
    ("GET", PERSON, ""),
    ("PATCH", PERSON, "name picture preset_name"),
    ("PUT", PERSON, "custom_participant_id preset_name name picture"),
    ("DELETE", PERSON, ""),
    ("POST", PERSON + "/token", ""),
    ("GET", MEETING + "/active-session", ""),
    ("POST", MEETING + "/active-session/kick", "participant_ids custom_participant_ids"),
    ("POST", MEETING + "/active-session/kick-all", ""),
    ("GET", APP + "/livestreams/sessions/{livestream}", ""),
    (
        "GET",
        APP + "/sessions",
        PAGES + " sort_by sort_order start_time end_time participants status search associated_id",
    ),
    ("GET", SESSION, "include_breakout_rooms"),
    ("GET", SESSION + "/participants", PAGES + " search sort_by sort_order include_peer_events view"),
    ("GET", SESSION + "/participants/{peer}", "include_peer_events"),
    ("GET", SESSION + "/chat", ""),
    ("GET", SESSION + "/transcript", "format"),
    ("GET", SESSION + "/summary", ""),
    ("POST", SESSION + "/summary", ""),
    ("GET", SESSION + "/livestream-sessions", PAGES),
    ("GET", APP + "/sessions/peer-report/{peer}", "filters include_peer_events"),
    ("POST", "/_emulator/meetings/{meeting}/join", "participant_id"),
    ("POST", "/_emulator/meetings/{meeting}/leave", "peer_id"),
    ("POST", "/_emulator/meetings/{meeting}/end", ""),
    ("POST", "/_emulator/sessions/{session}/chat", "peer_id text"),
    ("POST", "/_emulator/sessions/{session}/speech", "peer_id text start_ms end_ms"),
    ("POST", "/_emulator/clock", "advance_seconds"),
    ("POST", "/_emulator/reset", ""),
    ("GET", "/_emulator/requests", ""),
    ("GET", "/files/{session}/chat.csv", "expires signature"),
]

odd_texts = st.sampled_from(["", "\ud800", "\x00", "%", "\r\n", "x" * 3000])
texts = st.text(max_size=10) | odd_texts
numbers = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([0, 1, 60, 600, -1, 2**63 - 1, 2**63, 10**30, 10**400, 1e300, 1e14, 10**14, True]),
)
leaves = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
flags = st.sampled_from(["true", "false", "1", ""])
orders = st.sampled_from(["ASC", "DESC", "DSC"])

# What each name takes, plausible or nearly so. Names in braces stand for ids that exist.
PLAUSIBLE: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("page_no", "per_page", "start_ms", "end_ms", "advance_seconds", "expires"), numbers),
    **dict.fromkeys(("record_on_start", "persist_chat"), st.booleans()),
    **dict.fromkeys(("include_breakout_rooms", "include_peer_events"), flags),
    **dict.fromkeys(("recording_config", "ai_config"), st.dictionaries(texts, values, max_size=3)),
    "session_keep_alive_time_in_secs": st.floats(60, 600) | numbers,
    "status": st.sampled_from(["ACTIVE", "INACTIVE", "LIVE", "ENDED"]),
    "preset_name": st.just("group_call_host") | texts,
    "picture": st.builds("https://{}".format, texts),
    "participant_ids": st.lists(st.just("{participant}") | texts, max_size=3),
    "custom_participant_ids": st.lists(st.just("a") | texts, max_size=3),
    "participant_id": st.just("{participant}") | texts,
    "peer_id": st.just("{peer}") | texts,
    "associated_id": st.just("{meeting}") | texts,
    "participants": st.builds("{}:{}".format, st.integers(0), st.integers(0)),
    "sort_order": orders,
    "sort_by": st.sampled_from(["minutesConsumed", "createdAt", "joinedAt", "duration"]),
    "view": st.sampled_from(["raw", "consolidated"]),
    "format": st.sampled_from(["CSV", "JSON", "SRT", "VTT"]),
    "filters": st.lists(st.sampled_from(["device_info", "quality_stats", "events", "x"]), max_size=3).map(",".join),
    **dict.fromkeys(
        ("start_time", "end_time"),
        st.datetimes().map(lambda time: time.isoformat())
        | st.sampled_from(["9999-12-31T23:59:59-23:00", "0001-01-01"]),
    ),
}


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, str, bytes]:
    """Method, path, query and body; in most of them one thing alone is odd."""
    method, path, takes = draw(st.sampled_from(ROUTES))
    given = {}
    for name in takes.split():
        if draw(st.integers(0, 4)):
            given[name] = draw(PLAUSIBLE.get(name, texts) if draw(st.integers(0, 9)) else values)
    if method != "GET":
        body = draw(st.just(json.dumps(given).encode()) | st.binary(max_size=20)) if given else b""
        return method, path, "", body
    pairs = [f"{name}={quote(str(value), errors='replace')}" for name, value in given.items()]
    if not draw(st.integers(0, 9)):
        pairs.append(draw(st.sampled_from(["%", "%ff", "page_no", "search=%00", "&&", "=", "search=%ed%a0%80", "+"])))
    return method, path, "&".join(pairs), b""


odd_ids = st.none() | st.tuples(
    st.sampled_from(["account", "app", "meeting", "participant", "session", "peer"]),
    st.sampled_from(["%00", "%", "%ff", "%ed%a0%80", "..", "a.b", "~", "\xff", "x" * 5000, "{", "null", "0", "-1"]),
)


class Case:
    """An emulator with one meeting that goes on and one that is over, made anew for each example."""

    def __init__(self) -> None:
        self.emulator = Emulator()

    def begin(self) -> dict[str, str]:
        """The ids that stand for each name in a route."""
        self.emulator.clock.ahead *= 0
        self.emulator.reset()
        meeting, participant = self.api("POST", "meetings", {"live_stream_on_start": True})["id"], "part-1"
        person = {
            "id": participant,
            "meeting_id": meeting,
            "custom_participant_id": "a",
            "preset_name": "group_call_host",
        }
        # not by the API, which would sign a token for each example
        self.emulator.store.insert("participants", {**person, "created_at": "2026-01-01", "updated_at": "2026-01-01"})
        self.emulator.join(meeting, participant)
        self.emulator.end(meeting)
        session, peer = self.emulator.join(meeting, participant)
        return {
            "account": self.emulator.account_id,
            "app": self.emulator.app_id,
            "meeting": meeting,
            "participant": participant,
            "session": session,
            "peer": peer,
            "livestream": "x",
        }

    def api(self, method: str, path: str, body: object) -> Any:
        target = f"{KIT.format(account=self.emulator.account_id)}/{self.emulator.app_id}/{path}"
        return json.loads(self.send(method, target, "", json.dumps(body).encode()).body)["data"]

    def send(self, method: str, path: str, query: str, body: bytes) -> Outgoing:
        headers = {
            "host": "localhost",
            "authorization": f"Bearer {self.emulator.api_token}",
            "content-type": "application/json",
        }
        return self.emulator.handle(Incoming(method, path, query, headers, body))

    def state(self) -> list[Any]:
        return [self.emulator.store.rows(f"select * from {table} order by 1, 2") for table in TABLES]


@pytest.fixture(scope="module")
def case() -> Iterator[Case]:
    made = Case()
    with made.emulator:
        yield made


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(request=requests(), odd=odd_ids)
def test_anything(case: Case, request: tuple[str, str, str, bytes], odd: tuple[str, str] | None) -> None:
    method, path, query, body = request
    known = case.begin()
    for name, value in known.items():
        query = query.replace(quote(f"{{{name}}}"), value)
        body = body.replace(f"{{{name}}}".encode(), value.encode())
    path = path.format(**(known if odd is None else {**known, odd[0]: odd[1]}))
    before = case.state()
    answer = case.send(method, path, query, body)
    assert answer.status < 500
    if path.startswith("/files/"):
        assert answer.status == 403
    else:
        assert answer.headers["content-type"] == "application/json"
        decoded = json.loads(answer.body, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        assert isinstance(decoded, dict)
        if not path.startswith("/_emulator"):
            assert decoded["success"] is (answer.status < 300)
    if answer.status >= 300 or method == "GET":
        assert case.state() == before
    # it still works
    assert case.send("GET", f"{KIT.format(account=case.emulator.account_id)}/apps", "", b"").status == 200
