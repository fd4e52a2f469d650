"""The options of every call (`timeout`, `extra_query`, `extra_body`, `extra_headers`), and invalid arguments."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from realtimekit import ConfigurationError
from realtimekit.interfaces import Response

from .scripted import TOKEN, Mode, Script, error, make_response, ok

MEETING = ok({"id": "m"})


class TestTimeout:
    def test_of_the_client(self, mode: Mode) -> None:
        script = Script(MEETING)
        mode.get(mode.client(script, timeout=2.5).meetings.find("m"))
        assert script.requests[0].timeout == 2.5

    def test_of_the_call_alone(self, mode: Mode) -> None:
        script = Script(MEETING, MEETING)
        client = mode.client(script)
        mode.get(client.meetings.find("m", timeout=1))
        mode.get(client.meetings.find("m"))
        assert [request.timeout for request in script.requests] == [1.0, 30.0]

    def test_of_a_relation_applies_to_each_page(self, mode: Mode) -> None:
        script = Script(ok([{"id": "a"}]), ok([{"id": "b"}]), ok([]))
        mode.each(mode.client(script).meetings.where(timeout=4))
        assert [request.timeout for request in script.requests] == [4.0] * 3

    @pytest.mark.parametrize("wrong", [0, -1, float("inf"), float("nan"), "5", True])
    def test_invalid_ones_are_rejected(self, mode: Mode, wrong: Any) -> None:
        client = mode.client(Script())
        with pytest.raises(ConfigurationError, match="timeout="):
            mode.get(client.meetings.find("m", timeout=wrong))


class TestExtraQuery:
    def test_joins_the_query(self, mode: Mode) -> None:
        script = Script(ok({"id": "s"}))
        client = mode.client(script)
        extra = {"new": True, "none": None, "many": ["a", "b"]}
        mode.get(client.sessions.find("s", include_breakout_rooms=False, extra_query=extra))
        assert script.call.query == {"include_breakout_rooms": "false", "new": "true", "many": "a,b"}

    def test_wins(self, mode: Mode) -> None:
        script = Script(ok({"id": "s"}))
        client = mode.client(script)
        mode.get(client.sessions.find("s", include_breakout_rooms=False, extra_query={"include_breakout_rooms": 1}))
        assert script.call.query == {"include_breakout_rooms": "1"}

    def test_is_sent_with_a_write(self, mode: Mode) -> None:
        script = Script(MEETING)
        mode.get(mode.client(script).meetings.create(title="t", extra_query={"dry": True}))
        assert (script.call.query, script.call.body) == ({"dry": "true"}, {"title": "t"})

    def test_is_sent_with_every_page(self, mode: Mode) -> None:
        script = Script(ok([{"id": "a"}]), ok([]))
        mode.each(mode.client(script).meetings.where(extra_query={"x": 1}))
        assert [call.query for call in script.calls] == [{"x": "1", "page_no": "1"}, {"x": "1", "page_no": "2"}]


class TestExtraBody:
    def test_joins_the_body_and_wins(self, mode: Mode) -> None:
        script = Script(MEETING)
        extra = {"waiting_room": True, "title": None}
        mode.get(mode.client(script).meetings.create(title="t", persist_chat=True, extra_body=extra))
        assert script.call.body == {"title": None, "persist_chat": True, "waiting_room": True}

    def test_creates_a_body_if_there_is_none(self, mode: Mode) -> None:
        script = Script(ok({"session_id": "s", "status": "x"}))
        mode.get(mode.client(script).sessions.ref("s").generate_summary(extra_body={"word_limit": 150}))
        assert script.call.body == {"word_limit": 150}
        assert script.requests[0].headers["content-type"] == "application/json"

    def test_on_a_get_is_refused(self, mode: Mode) -> None:
        client = mode.client(Script())
        with pytest.raises(TypeError, match="use extra_query= instead"):
            mode.get(client.meetings.find("m", extra_body={"a": 1}))
        with pytest.raises(TypeError, match="use extra_query= instead"):
            mode.each(client.meetings.where(extra_body={"a": 1}))


EXTRA = {"X-Trace": "trace-1"}
HEADER_SECRET = "s3cret of nobody"
CALLS: dict[str, tuple[Callable[[Any, Any], Any], Response]] = {
    "find": (lambda client, headers: client.meetings.find("m", extra_headers=headers), MEETING),
    "create": (lambda client, headers: client.meetings.create(title="t", extra_headers=headers), MEETING),
    "reload": (lambda client, headers: client.meetings.ref("m").reload(extra_headers=headers), MEETING),
    "update": (lambda client, headers: client.meetings.ref("m").update(title="t", extra_headers=headers), MEETING),
    "destroy": (lambda client, headers: client.webhooks.ref("w").destroy(extra_headers=headers), ok({})),
    "page": (lambda client, headers: client.meetings.where(extra_headers=headers).page(1), ok([])),
    "first": (lambda client, headers: client.apps.where(extra_headers=headers).order_by("created_at").first(), ok([])),
    "all": (lambda client, headers: client.sessions.where(extra_headers=headers).page_size(5).limit(2).all(), ok([])),
    "below a record": (
        lambda client, headers: client.sessions.ref("s").participants.where(extra_headers=headers).all(), ok([])
    ),
    "analytics": (lambda client, headers: client.analytics.daywise(extra_headers=headers), ok({})),
}  # fmt: skip


class TestExtraHeaders:
    @pytest.mark.parametrize(("act", "response"), CALLS.values(), ids=CALLS)
    def test_are_sent_with_the_clients_own(
        self, mode: Mode, act: Callable[[Any, Any], Any], response: Response
    ) -> None:
        script = Script(response)
        mode.get(act(mode.client(script), EXTRA))
        headers = script.requests[0].headers
        assert headers["x-trace"] == "trace-1"
        assert headers["authorization"] == f"Bearer {TOKEN}"
        assert headers["accept"] == "application/json"

    def test_are_for_one_call_only(self, mode: Mode) -> None:
        script = Script(MEETING, MEETING)
        client = mode.client(script)
        meeting = mode.get(client.meetings.find("m", extra_headers=EXTRA))
        mode.get(meeting.reload())
        assert "x-trace" not in script.requests[1].headers

    def test_replace_those_of_the_client_that_are_not_protected(self, mode: Mode) -> None:
        script = Script(MEETING)
        headers = {"Accept": "application/json; v=2", "User-Agent": "mine/1"}
        mode.get(mode.client(script).meetings.find("m", extra_headers=headers))
        assert {**script.requests[0].headers, "authorization": ""} == {
            "accept": "application/json; v=2",
            "user-agent": "mine/1",
            "authorization": "",
        }

    def test_are_sent_with_every_page(self, mode: Mode) -> None:
        script = Script(ok([{"id": "a"}]), ok([]))
        mode.each(mode.client(script).meetings.where(extra_headers=EXTRA))
        assert [request.headers["x-trace"] for request in script.requests] == ["trace-1"] * 2

    def test_are_sent_with_every_attempt(self, mode: Mode) -> None:
        script = Script(error(503), MEETING)
        mode.get(mode.client(script).meetings.find("m", extra_headers=EXTRA))
        assert [request.headers["x-trace"] for request in script.requests] == ["trace-1"] * 2

    def test_of_chained_wheres_are_merged_and_the_last_one_wins(self, mode: Mode) -> None:
        script = Script(ok([]))
        first = mode.client(script).sessions.where(extra_headers={"a": "1", "b": "1"})
        mode.get(first.where(extra_headers={"b": "2", "c": "2"}).where(status="ENDED").all())
        headers = script.requests[0].headers
        assert [headers[name] for name in "abc"] == ["1", "2", "2"]
        assert script.call.query["status"] == "ENDED"

    def test_of_chained_wheres_are_the_same_in_any_case(self, mode: Mode) -> None:
        script = Script(ok([]))
        relation = mode.client(script).sessions
        for number, name in enumerate(["X-A", "x-a", "X-A"]):
            relation = relation.where(extra_headers={name: str(number)})
        mode.get(relation.all())
        assert script.requests[0].headers["x-a"] == "2"

    @pytest.mark.parametrize("wrong", [[("X-Trace", HEADER_SECRET)], f"X-Trace: {HEADER_SECRET}", 7, iter(())])
    def test_must_be_a_mapping(self, mode: Mode, wrong: Any) -> None:
        client = mode.client(Script())
        for act, _ in CALLS.values():
            with pytest.raises(TypeError, match=f"^extra_headers= must be .*, not {type(wrong).__name__}$") as caught:
                mode.get(act(client, wrong))
            assert HEADER_SECRET not in str(caught.value)

    @pytest.mark.parametrize("none", [None, {}])
    def test_may_be_empty(self, mode: Mode, none: Any) -> None:
        script = Script(MEETING)
        mode.get(mode.client(script).meetings.find("m", extra_headers=none))
        assert set(script.requests[0].headers) == {"authorization", "accept"}

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("Authorization", "use api_token=, or client.with_options"),
            ("AUTHORIZATION", "use api_token=, or client.with_options"),
            ("Host", "leave it out"),
            ("content-length", "leave it out"),
            ("Transfer-Encoding", "leave it out"),
            ("CONNECTION", "leave it out"),
            ("", "not the name of an HTTP header"),
            ("x trace", "not the name of an HTTP header"),
            ("x-trace:", "not the name of an HTTP header"),
            ("x-trace\r\nx-evil", "not the name of an HTTP header"),
            ("x-trace\n", "not the name of an HTTP header"),
            ("x-träce", "not the name of an HTTP header"),
        ],
    )
    def test_with_these_names_are_refused(self, mode: Mode, name: str, words: str) -> None:
        client = mode.client(Script())
        for act, _ in CALLS.values():
            with pytest.raises(ValueError, match=words) as caught:
                mode.get(act(client, {name: HEADER_SECRET}))
            valid = re.match(r"[\w-]*", name, re.ASCII)
            assert valid is not None
            assert repr(name if valid[0] == name != "" else f"{valid[0]}...") in str(caught.value)
            assert HEADER_SECRET not in str(caught.value)

    def test_a_secret_in_the_place_of_a_name_is_not_quoted(self, mode: Mode) -> None:
        client = mode.client(Script())
        with pytest.raises(ValueError, match=r"extra_headers={'X-Key\.\.\.': \.\.\.}: this is not the name") as caught:
            mode.get(client.sessions.find("s", extra_headers={f"X-Key: {HEADER_SECRET}": ""}))
        assert HEADER_SECRET not in str(caught.value)

    @pytest.mark.parametrize(
        "wrong", ["a\r\nx-evil: 1", "a\nb", "a\rb", "a\0b", "\ta", " a", "a ", "schön", "\u2028", "\x7f"]
    )
    def test_with_these_values_are_refused(self, mode: Mode, wrong: str) -> None:
        client = mode.client(Script())
        value = HEADER_SECRET + wrong if wrong[0] not in "\t " else wrong[0] + HEADER_SECRET
        for act, _ in CALLS.values():
            with pytest.raises(ValueError, match=r"'X-Trace': \.\.\.}: the value must be printable ASCII") as caught:
                mode.get(act(client, {"X-Trace": value}))
            assert HEADER_SECRET not in str(caught.value)

    @pytest.mark.parametrize("wrong", [7, None, b"bytes", ["a"]])
    def test_with_another_type_are_refused(self, mode: Mode, wrong: Any) -> None:
        client = mode.client(Script())
        with pytest.raises(TypeError, match=r"'X-Trace': \.\.\.}: the value must be a string, not"):
            mode.get(client.meetings.find("m", extra_headers={"X-Trace": wrong}))

    def test_of_a_download_are_not_sent_to_the_storage(self, mode: Mode) -> None:
        link = ok({"chat_download_url": "https://files.test/chat.csv"})
        script = Script(link, make_response(b""))
        chat = mode.get(mode.client(script).sessions.ref("s").chat)
        mode.get(chat.read(extra_headers=EXTRA))
        assert "x-trace" not in script.requests[1].headers

    def test_of_a_download_are_sent_when_its_link_is_refreshed(self, mode: Mode) -> None:
        link = ok({"chat_download_url": "https://files.test/chat.csv"})
        script = Script(link, make_response(status=403), link, make_response(b""))
        chat = mode.get(mode.client(script).sessions.ref("s").chat)
        mode.get(chat.read(extra_headers=EXTRA, extra_query={"new": True}, timeout=3))
        _, expired, refreshed, file = script.requests
        assert [request.headers.get("x-trace") for request in (expired, refreshed, file)] == [None, "trace-1", None]
        assert refreshed.url.endswith("/chat?new=true")
        assert refreshed.timeout == 3


class TestNone:
    def test_is_left_out_of_a_query(self, mode: Mode) -> None:
        script = Script(ok([]))
        client = mode.client(script)
        mode.get(client.sessions.where(status=None, search="x", extra_query={"y": None}).page(1))
        assert script.call.query == {"search": "x", "page_no": "1"}

    def test_is_null_in_a_body(self, mode: Mode) -> None:
        script = Script(MEETING)
        mode.get(mode.client(script).meetings.ref("m").replace(title=None, record_on_start=None))
        assert script.requests[0].content == b'{"title":null,"record_on_start":null}'

    def test_is_left_out_of_the_paging(self, mode: Mode) -> None:
        script = Script(ok([]))
        mode.get(mode.client(script).sessions.where(per_page=None, page_no=None).page(1))
        assert script.call.query == {"page_no": "1"}


class TestBody:
    def test_times_are_in_utc(self, mode: Mode) -> None:
        script = Script(MEETING)
        moment = datetime(2026, 6, 3, 12, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=2)))
        body = {"at": moment, "on": date(2026, 6, 3), "nested": [{"at": datetime(2026, 1, 1, tzinfo=UTC)}]}
        mode.get(mode.client(script).meetings.create(extra_body=body))
        assert script.call.body == {
            "at": "2026-06-03T10:00:00.123Z",
            "on": "2026-06-03",
            "nested": [{"at": "2026-01-01T00:00:00.000Z"}],
        }

    def test_text_of_any_language(self, mode: Mode) -> None:
        script = Script(MEETING)
        mode.get(mode.client(script).meetings.create(title='東京 "🎥" \u2028'))
        assert script.call.body == {"title": '東京 "🎥" \u2028'}

    def test_create_without_fields_sends_an_empty_object(self, mode: Mode) -> None:
        script = Script(MEETING)
        mode.get(mode.client(script).meetings.create())
        assert script.requests[0].content == b"{}"

    @pytest.mark.parametrize(
        ("value", "refusal"),
        [
            (float("nan"), ValueError),
            (float("inf"), ValueError),
            ([float("-inf")], ValueError),
            (datetime(2026, 1, 1), ValueError),
            (object(), TypeError),
            ({1, 2}, TypeError),
            (b"bytes", TypeError),
            ({(1, 2): 3}, TypeError),
        ],
    )
    @pytest.mark.parametrize("method", ["create", "update", "replace"])
    def test_values_that_are_not_json_are_rejected_before_sending(
        self, mode: Mode, value: Any, refusal: type[Exception], method: str
    ) -> None:
        client = mode.client(Script())
        call: Callable[..., Any] = (
            client.meetings.create if method == "create" else getattr(client.meetings.ref("m"), method)
        )
        with pytest.raises(refusal):
            mode.get(call(recording_config={"x": value}))


@pytest.mark.parametrize(
    ("filters", "refusal", "words"),
    [
        ({"start_time": datetime(2026, 1, 1)}, ValueError, "start_time=.* has no time zone"),
        ({"end_time": "last week"}, ValueError, "end_time='last week' is not an ISO 8601 time"),
        ({"search": object()}, TypeError, "search="),
        ({"search": {"a": 1}}, TypeError, "search="),
        ({"per_page": 0}, ValueError, "per_page=0"),
        ({"page_no": -1}, ValueError, "page_no=-1"),
        ({"page_no": True}, ValueError, "page_no=True"),
        ({"per_page": "20"}, ValueError, "per_page='20'"),
    ],
)
def test_an_invalid_filter_is_rejected_when_it_is_passed(
    mode: Mode, filters: dict[str, Any], refusal: type[Exception], words: str
) -> None:
    client = mode.client(Script())
    with pytest.raises(refusal, match=words):
        client.sessions.where(**filters)
