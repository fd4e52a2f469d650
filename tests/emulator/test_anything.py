"""Random requests to every route: the response is below 500 and JSON, and a refused request changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.emulator import Emulator
from realtimekit.emulator.http import Request, Response
from realtimekit.emulator.routes import API, CONTROL
from realtimekit.emulator.schema import STRING, Schema
from realtimekit.emulator.store import TABLES
from tests.fuzz.examples import fuzzed

from . import described

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NEW_YEAR = "2026-01-01T00:00:00.000Z"
KIT = "/client/v4/accounts/{account_id}/realtime/kit"


class Anything(NamedTuple):
    """A route, and its parameters: in the query (GET) or the body."""

    method: str
    path: str
    takes: Mapping[str, Schema]


ROUTES = [
    Anything(route.method, route.template, route.query if route.method == "GET" else route.body or {})
    for route in (*API.table, *CONTROL.table)
]
ROUTES.append(Anything("GET", "/files/{session_id}/chat.csv", {"expires": STRING, "signature": STRING}))

odd_texts = st.sampled_from(["", "\ud800", "\x00", "%", "\r\n", "x" * 3000])
texts = st.text(max_size=10) | odd_texts
numbers = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([0, 1, 60, 600, -1, 2**63 - 1, 2**63, 10**30, 10**400, 1e300, 1e14, 10**14, True]),
)
leaves = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
times = st.datetimes().map(lambda time: time.isoformat()) | st.sampled_from(["9999-12-31T23:59:59-23:00", "0001-01-01"])
# What would otherwise hardly be hit. Names in braces stand for ids that exist.
LUCKY = {
    "preset_name": "group_call_host",
    "participant_ids": ["{peer_id}"],
    "custom_participant_ids": ["a"],
    "participant_id": "{participant_id}",
    "peer_id": "{peer_id}",
    "meeting_id": "{meeting_id}",
    "associated_id": "{meeting_id}",
    "participants": "1:10",
}


def plausible(schema: Schema) -> st.SearchStrategy[Any]:
    """Generate values that fit a schema, or nearly so."""
    inner = st.deferred(lambda: plausible(schema.items or STRING))
    found: st.SearchStrategy[Any]
    match schema.type:
        case "object" if schema.items is not None:
            found = st.dictionaries(texts, inner, max_size=2)
        case "object":
            fields = {name: plausible(field) for name, field in schema.properties.items()}
            needed = {name for name, field in schema.properties.items() if field.required}
            found = st.fixed_dictionaries(
                {name: fields[name] for name in needed},
                optional={name: field for name, field in fields.items() if name not in needed},
            )
        case "array":
            found = st.lists(inner, max_size=2)
        case "number" | "integer":
            low, high = schema.minimum, schema.maximum
            found = st.integers(0 if low is None else int(low), None if high is None else int(high)) | numbers
        case "boolean":
            found = st.booleans()
        case "date-time":
            found = times
        case _ if schema.enum:
            found = st.sampled_from(schema.enum)
        case _:
            found = st.builds("https://{}".format, texts) if schema.pattern else texts
    return found | st.none() if schema.nullable else found


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, str, bytes]:
    """Generate method, path, query and body; in most of them only one thing is odd."""
    method, path, takes = draw(st.sampled_from(ROUTES))
    given = {}
    for name, schema in takes.items():
        if schema.required or draw(st.integers(0, 3)):
            lucky = name in LUCKY and draw(st.integers(0, 3))
            odd = not draw(st.integers(0, 19))
            given[name] = LUCKY[name] if lucky else draw(values if odd else plausible(schema))
    if method != "GET":
        body = draw(st.just(json.dumps(given).encode()) | st.binary(max_size=20)) if given else b""
        return method, path, "", body
    pairs = [f"{name}={quote(as_text(value), errors='replace')}" for name, value in given.items()]
    if not draw(st.integers(0, 9)):
        pairs.append(draw(st.sampled_from(["%", "%ff", "page_no", "search=%00", "&&", "=", "search=%ed%a0%80", "+"])))
    return method, path, "&".join(pairs), b""


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


odd_ids = st.none() | st.tuples(
    st.sampled_from(["account_id", "app_id", "meeting_id", "participant_id", "session_id", "peer_id", "recording_id"]),
    st.sampled_from(["%00", "%", "%ff", "%ed%a0%80", "..", "a.b", "~", "\xff", "x" * 5000, "{", "null", "0", "-1"]),
)


class Case:
    """An emulator with a live meeting and an ended one, created for each example."""

    def __init__(self) -> None:
        self.emulator = Emulator()

    def begin(self) -> dict[str, str]:
        """Return the ids for each placeholder in a route."""
        self.emulator.world.clock.ahead *= 0
        self.emulator.reset()
        meeting, participant = self.api("POST", "meetings", {"live_stream_on_start": True})["id"], "part-1"
        row = self.emulator.world.store.row("select id from presets where name = 'group_call_host'")
        assert row is not None
        person = {
            "id": participant,
            "meeting_id": meeting,
            "custom_participant_id": "a",
            "preset_id": row["id"],
            "preset_name": "group_call_host",
        }
        # not by the API, which would sign a token for each example
        self.emulator.world.store.insert("participants", {**person, "created_at": NEW_YEAR, "updated_at": NEW_YEAR})
        self.emulator.join(meeting, participant)
        self.emulator.end(meeting)
        session, peer = self.emulator.join(meeting, participant)
        hook = {"name": "a", "url": "http://127.0.0.1:9/", "events": ["meeting.ended"], "enabled": False}
        return {
            "account_id": self.emulator.account_id,
            "app_id": self.emulator.app_id,
            "meeting_id": meeting,
            "participant_id": participant,
            "session_id": session,
            "peer_id": peer,
            "preset_id": row["id"],
            "webhook_id": self.api("POST", "webhooks", hook)["id"],
            "delivery_id": "x",
            "recording_id": self.api("POST", "recordings", {"meeting_id": meeting})["id"],
            "livestream_id": "x",
            "livestream_session_id": "x",
        }

    def api(self, method: str, path: str, body: object) -> Any:
        target = f"{KIT.format(account_id=self.emulator.account_id)}/{self.emulator.app_id}/{path}"
        return json.loads(self.send(method, target, "", json.dumps(body).encode()).body)["data"]

    def send(self, method: str, path: str, query: str, body: bytes) -> Response:
        headers = {
            "host": "localhost",
            "authorization": f"Bearer {self.emulator.api_token}",
            "content-type": "application/json",
        }
        return self.emulator.handle(Request(method, path, query, headers, body))

    def state(self) -> list[Any]:
        return [self.emulator.world.store.rows(f"select * from {table} order by 1, 2") for table in TABLES]


@pytest.fixture(scope="module")
def case() -> Iterator[Case]:
    made = Case()
    with made.emulator:
        yield made


@fuzzed(250)
@given(request=requests(), odd=odd_ids)
def test_anything(case: Case, request: tuple[str, str, str, bytes], odd: tuple[str, str] | None) -> None:
    method, path, query, body = request
    known = case.begin()
    for name, value in known.items():
        query = query.replace(quote(f"{{{name}}}"), value)
        body = body.replace(f"{{{name}}}".encode(), value.encode())
    here = {**known, "participant_id": known["peer_id"]} if "/sessions/" in path else known
    path = path.format(**(here if odd is None else {**here, odd[0]: odd[1]}))
    before = case.state()
    response = case.send(method, path, query, body)
    assert response.status < 500
    if path.startswith("/files/"):
        assert response.status == 403
    else:
        assert response.headers["content-type"] == "application/json"
        decoded = json.loads(response.body, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        assert isinstance(decoded, dict)
        if not path.startswith("/_emulator"):
            assert decoded["success"] is (response.status < 300)
            described.check(method, path, response.status, decoded)
    if response.status >= 300 or method == "GET":
        assert case.state() == before
    # it still works
    assert case.send("GET", f"{KIT.format(account_id=case.emulator.account_id)}/apps", "", b"").status == 200
