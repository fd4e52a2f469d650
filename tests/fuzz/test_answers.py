"""Random responses: the result is records or one of this package's own errors; and every iteration ends."""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from realtimekit import APIError, RateLimitError, RealtimeKitError, error_responses, pagination, responses, retries
from realtimekit.interfaces import Request, Response
from realtimekit.record import Field, Record
from tests.core import shapes
from tests.core.scripted import SETTINGS, make_response, paging_of

from .examples import as_bytes, changed, fuzzed, leaves, mutated, values

ENOUGH = 400  # requests of one walk

KINDS = [
    shapes.APP,
    shapes.MEETING,
    shapes.PERSON,
    shapes.SESSION,
    shapes.MARK,
    shapes.REPORTED,
    shapes.LIVESTREAM_SESSION,
    shapes.CHAT,
    shapes.TRANSCRIPT,
    shapes.SUMMARY,
    shapes.KICKED,
    shapes.POLL,
    shapes.LIVESTREAM_FOUND,
    shapes.UPLOADED,
    shapes.TRACKS,
    shapes.WEBHOOK,
    shapes.PRESET,
    shapes.DAYWISE,
]
ENVELOPES = [
    *({"success": True, "data": kind} for kind in KINDS),
    {"success": True, "data": {"sessions": [shapes.SESSION] * 2}, "paging": paging_of(2, 1, 2)},
    {"success": True, "data": {"data": [shapes.RECORDING], "paging": paging_of(1, 1, 1)}},
    {"success": False, "error": {"code": 404, "message": "Error: resource not found"}},
    {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}], "messages": [], "result": None},
]
bodies = st.one_of(
    st.sampled_from(ENVELOPES).flatmap(changed).map(as_bytes),
    values.map(as_bytes),
    mutated([as_bytes(envelope) for envelope in ENVELOPES]),
    mutated(
        [b"<html><title>Login</title><a href='/x?next=1'>go</a></html>", b"<Error><Code>Expired</Code></Error>", b""]
    ),
    st.binary(max_size=60),
)
statuses = st.sampled_from([200, 200, 201, 204, 299, 301, 304, 400, 401, 403, 404, 408, 409, 422, 429, 500, 503, 599])
header_texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["120", "1.5", "0", "-1", "9" * 40, "1e9", "inf", "nan", "٣", "Wed, 03 Jun 2026 10:00:00 GMT"]),
    st.sampled_from(
        ["Wed, 03 Jun 2026 10:00:00", '"default";r=0;t=30', "a;r=0;t=9999999999", ";r=0;t=٣", "Mon, 99 Foo 1"]
    ),
)
headers = st.dictionaries(
    st.sampled_from(["retry-after", "date", "ratelimit", "cf-ray", "x-request-id", "content-type", "location"]),
    header_texts,
    max_size=4,
)
answers = st.builds(Response, statuses, headers, bodies)


# --- the rules alone --------------------------------------------------------------------------------------------------


@fuzzed(150)
@given(answer=answers, now=st.none() | st.floats(0, 4e9), key=st.sampled_from([None, "sessions", "app", "data"]))
@example(answer=Response(200, {}, b"[" * 200_000), now=None, key=None)
@example(answer=Response(500, {}, b'{"error": {"code": ' + b"9" * 5000 + b"}}"), now=None, key=None)
def test_the_rules_of_the_wire_take_anything(answer: Response, now: float | None, key: str | None) -> None:
    body = responses.decode(answer)
    responses.unwrap(body, key)
    items = responses.unwrap_list(body, key)
    assert items is None or all(isinstance(item, dict) for item in items)
    assert all(place is None or type(place) is int for place in pagination.paging(body))
    wait = retries.retry_after(answer.headers, now)
    assert wait is None or wait >= 0
    if error_responses.is_error(answer, body):
        error = error_responses.error_from(answer, body, "GET", "/x", now=now)
        assert isinstance(error, APIError)
        assert len(str(error)) < 1000
        assert str(error).isprintable(), "safe for a terminal, on one line"


def test_a_wait_can_be_waited_for() -> None:
    wait = retries.retry_after({"retry-after": "9" * 400})
    assert wait is not None
    assert math.isfinite(wait)


@pytest.mark.parametrize("value", ['"\\ud83d"', '"a\\udc00b"', "1e999"])
def test_orjson_and_json_agree(value: str) -> None:
    pytest.importorskip("orjson")
    content = f'{{"data": {{"name": {value}}}}}'.encode()
    assert responses.decode(Response(200, {}, content)) == json.loads(content)


secrets = st.binary(min_size=12, max_size=24).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
AROUND: list[Callable[[str], str]] = [
    "{}".format,
    "cannot GET {} now".format,
    "<html><a href='{}'>here</a>".format,
    '<html><a href="{}">here</a></html>'.format,
    "<Error><Resource>{}</Resource></Error>".format,
    '{{"url": "{}"'.format,  # JSON that was cut
    "redirecting to\n{}\n".format,
]


@fuzzed(150)
@given(
    secret=secrets,
    around=st.sampled_from(AROUND),
    more=st.sampled_from(["", "&expires=1", "&amp;expires=1"]),
    before=st.text(max_size=120),
    status=st.sampled_from([403, 404, 500]),
)
def test_an_error_quotes_no_signature_of_a_link(
    secret: str, around: Callable[[str], str], more: str, before: str, status: int
) -> None:
    link = f"https://files.test/chat.csv?signature={secret}{more}"
    answer = Response(status, {}, (before + around(link)).encode("utf-8", "replace"))
    error = error_responses.error_from(answer, responses.decode(answer), "GET", "/chat.csv")
    assert secret not in str(error)
    assert secret not in repr(error)
    assert secret not in repr(answer)


# --- whole calls ------------------------------------------------------------------------------------------------------


class Answers:
    """A transport that returns these responses in turn, over and over; too many requests fail the test."""

    def __init__(self, given: list[Response]) -> None:
        self._given, self.sent = given, 0

    def send(self, request: Request, /) -> Response:
        self.sent += 1
        assert self.sent <= ENOUGH, "it would go on forever"
        return self._given[(self.sent - 1) % len(self._given)]


def client_of(given: list[Response]) -> Any:
    from realtimekit import RealtimeKit

    return RealtimeKit(transport=Answers(given), **SETTINGS, max_retries=0)


def read_everything(record: Record) -> None:
    """Read every declared field, as attribute and as item, also of nested records; and show the record."""
    assert repr(record)
    assert len(record.to_dict()) == len(record)
    for name in record:
        with suppress(RealtimeKitError):
            record[name]
    for kind in type(record).__mro__:
        for name in inspect.get_annotations(kind):
            if not isinstance(inspect.getattr_static(record, name, None), Field):
                continue  # what is loaded by a call of its own
            try:
                value = getattr(record, name)
            except RealtimeKitError:
                continue
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, Record):
                    read_everything(item)


FINDS: list[Callable[[Any], Any]] = [
    lambda c: c.apps.find("a"),
    lambda c: c.meetings.find("m"),
    lambda c: c.meetings.create(title="x"),
    lambda c: c.meetings.ref("m").update(title="x"),
    lambda c: c.meetings.ref("m").active_session,
    lambda c: c.meetings.ref("m").participants.find("p"),
    lambda c: c.meetings.ref("m").participants.ensure(custom_participant_id="x", preset_name="p"),
    lambda c: c.sessions.find("s"),
    lambda c: c.sessions.ref("s").chat,
    lambda c: c.sessions.ref("s").transcript,
    lambda c: c.sessions.ref("s").summary,
    lambda c: c.sessions.ref("s").participants.find("p"),
    lambda c: c.sessions.find_participant_by_peer_id("p"),
    lambda c: c.livestreams.find("l"),
    lambda c: c.livestream_sessions.find("l"),
    lambda c: c.recordings.find("r"),
    lambda c: c.recordings.create(meeting_id="m"),
    lambda c: c.presets.find("p"),
    lambda c: c.webhooks.find("w"),
    lambda c: c.analytics.daywise(),
]


@fuzzed(200)
@given(find=st.sampled_from(FINDS), given=st.lists(answers, min_size=1, max_size=3))
def test_one_record(find: Callable[[Any], Any], given: list[Response]) -> None:
    error: RealtimeKitError | None = None
    try:
        read_everything(find(client_of(given)))
    except RealtimeKitError as caught:
        error = caught
    assert error is None or str(error)
    if isinstance(error, RateLimitError):
        assert error.retry_after is None or error.retry_after >= 0


LISTS: list[Callable[[Any], Any]] = [
    lambda c: c.sessions.where(status="ENDED"),
    lambda c: c.apps,
    lambda c: c.meetings.page_size(2),
    lambda c: c.meetings.ref("m").participants,
    lambda c: c.sessions.ref("s").participants.page_size(1),
    lambda c: c.recordings.where(),
    lambda c: c.livestreams.where(),
    lambda c: c.presets.where(),
    lambda c: c.webhooks,
]
WALKS: list[Callable[[Any], Any]] = [
    lambda relation: relation.all(),
    list,
    lambda relation: relation.first(),
    lambda relation: relation.count(),
    lambda relation: relation.limit(5).all(),
    lambda relation: relation.prefetch(3).all(),
]
small = st.integers(0, 5) | leaves
ids = st.sampled_from(["a", "b", "c"]) | leaves


@st.composite
def pages(draw: st.DrawFn) -> Response:
    """Generate a page of a list with a paging, plausible or not."""
    items = draw(
        st.lists(st.fixed_dictionaries({}, optional={"id": ids, "name": ids, "created_at": leaves}), max_size=3)
    )
    paging = draw(st.none() | st.builds(paging_of, small, small, small) | leaves)
    key = draw(st.sampled_from(["sessions", "data", "participants", None]))
    data: Any = items if key is None else {key: items}
    return make_response({"success": True, "data": data, "paging": paging})


walked = st.lists(pages() | answers, min_size=1, max_size=3)


def walk(client: Any, listed: Callable[[Any], Any], how: Callable[[Any], Any]) -> None:
    try:
        found = how(listed(client))
    except RealtimeKitError:
        return
    for record in found if isinstance(found, list) else [found]:
        if isinstance(record, Record):
            read_everything(record)


@fuzzed(200)
@given(listed=st.sampled_from(LISTS), how=st.sampled_from(WALKS), given=walked.filter(lambda given: len(given) == 1))
def test_a_walk_over_a_server_that_says_the_same_ends(
    listed: Callable[[Any], Any], how: Callable[[Any], Any], given: list[Response]
) -> None:
    walk(client_of(given), listed, how)


@fuzzed(200)
@given(listed=st.sampled_from(LISTS), how=st.sampled_from(WALKS), given=walked)
def test_iterating_over_repeated_pages_ends(
    listed: Callable[[Any], Any], how: Callable[[Any], Any], given: list[Response]
) -> None:
    walk(client_of(given), listed, how)


def test_a_constant_paging_is_not_trusted() -> None:
    given = [
        make_response({"success": True, "data": {"sessions": [{"id": name}]}, "paging": paging_of(1000, 1, 1)})
        for name in "ab"
    ]
    assert [session.id for session in client_of(given).sessions] == ["a", "b"]


@fuzzed(100)
@given(given=walked, find=st.sampled_from(["find", "all"]))
def test_the_async_client_ends_in_the_same(given: list[Response], find: str) -> None:
    from realtimekit import AsyncRealtimeKit

    async def main() -> str:
        client = AsyncRealtimeKit(transport=Answers(given), **SETTINGS, max_retries=0)
        try:
            return repr(await (client.sessions.find("s") if find == "find" else client.sessions.limit(9).all()))
        except RealtimeKitError as error:
            return repr(error)

    def blocking() -> str:
        client = client_of(given)
        try:
            return repr(client.sessions.find("s") if find == "find" else client.sessions.limit(9).all())
        except RealtimeKitError as error:
            return repr(error)

    assert asyncio.run(main()) == blocking()


@pytest.mark.parametrize("sent", [{}, {"id": None}, {"id": ""}, {"id": ".."}, {"id": 7}, {"id": ["s"]}])
def test_an_invalid_id_from_the_server_is_a_decode_error(sent: dict[str, Any]) -> None:
    (session,) = client_of([make_response({"success": True, "data": {"sessions": [sent]}})]).sessions.page(1)
    with pytest.raises(RealtimeKitError):
        _ = session.chat
    with pytest.raises(RealtimeKitError):
        session.reload()
    with pytest.raises(RealtimeKitError):
        session.participants.all()
