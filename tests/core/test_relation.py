"""Relations: lazy, immutable, paginated, in both modes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from realtimekit import DecodeError, NotFoundError, PermissionDeniedError

from .scripted import Call, Mode, Script, Server, Step, async_client_of, client_of, error, lost, ok, paging_of


def library(total: int, cap: int = 5, *, says: str = "paging") -> Server:
    """A server with sessions numbered from 0, at most `cap` per page."""

    def serve(call: Call) -> Step:
        size = min(int(call.query.get("per_page", "20")), cap)
        start = (int(call.query["page_no"]) - 1) * size
        found = [{"id": str(number)} for number in range(total)[start : start + size]]
        return ok({"sessions": found}, paging_of(total, start + 1, start + len(found)) if says == "paging" else None)

    return serve


def ids(records: list[Any]) -> list[int]:
    return [int(record.id) for record in records]


def pages_asked(script: Script) -> list[int]:
    return [int(call.query["page_no"]) for call in script.calls]


class TestLaziness:
    @pytest.mark.parametrize(
        "make",
        [
            lambda c: c.sessions,
            lambda c: c.sessions.where(status="ENDED").order_by("-created_at").page_size(5).limit(3).prefetch(2),
            lambda c: c.sessions.ref("s").participants,
            lambda c: c.sessions.where(status="LIVE").pages(),
            lambda c: repr(c.sessions.where(status="LIVE")),
            lambda c: c.apps.ref("a"),
            lambda c: c.meetings.ref("m").participants.ref("p"),
        ],
    )
    def test_nothing_is_sent_before_it_is_used(self, mode: Mode, make: Callable[[Any], Any]) -> None:
        make(mode.client(Script()))  # the script has no answers

    def test_the_next_page_is_requested_when_it_is_needed(self) -> None:
        script = Script(server=library(12))
        sessions = iter(client_of(script).sessions)
        asked = []
        for _ in range(12):
            next(sessions)
            asked.append(len(script.calls))
        assert asked == [1] * 5 + [2] * 5 + [3] * 2

    def test_an_early_break_stops_requesting(self) -> None:
        script = Script(server=library(100))
        for session in client_of(script).sessions:
            if session.id == "6":
                break
        assert pages_asked(script) == [1, 2]

    def test_iterating_again_requests_again(self, mode: Mode) -> None:
        script = Script(server=library(3))
        sessions = mode.client(script).sessions
        assert mode.each(sessions) == mode.each(sessions)
        assert pages_asked(script) == [1, 1]


class TestWalking:
    @pytest.mark.parametrize("says", ["paging", "nothing"])
    @pytest.mark.parametrize("total", [0, 1, 5, 12])
    def test_every_record_once_in_order(self, mode: Mode, total: int, says: str) -> None:
        sessions = mode.client(Script(server=library(total, says=says))).sessions
        assert ids(mode.each(sessions)) == list(range(total))
        assert ids(mode.get(sessions.all())) == list(range(total))
        assert [i for page in mode.each(sessions.pages()) for i in ids(page)] == list(range(total))

    def test_pages_are_lists(self, mode: Mode) -> None:
        pages = mode.each(mode.client(Script(server=library(12))).sessions.pages())
        assert [ids(page) for page in pages] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]

    def test_paging_inside_the_data(self, mode: Mode) -> None:
        def serve(call: Call) -> Step:
            number = int(call.query["page_no"])
            data = {"participants": [{"id": str(number)}], "paging": paging_of(3, number, number)}
            return ok(data)

        script = Script(server=serve)
        people = mode.get(mode.client(script).sessions.ref("s").participants.all())
        assert ids(people) == [1, 2, 3]
        assert pages_asked(script) == [1, 2, 3]
        assert {person.scope["session_id"] for person in people} == {"s"}

    def test_a_server_that_ignores_page_no_is_read_once(self, mode: Mode) -> None:
        script = Script(server=lambda _: ok({"sessions": [{"id": "1"}, {"id": "2"}]}))
        assert ids(mode.get(mode.client(script).sessions.all())) == [1, 2]
        assert len(script.calls) == 2

    def test_records_without_an_id_are_compared_by_content(self, mode: Mode) -> None:
        script = Script(ok([{"name": "a"}]), ok([{"name": "b"}]), ok([{"name": "b"}]))
        found = mode.get(mode.client(script).apps.all())
        assert [app.name for app in found] == ["a", "b"]

    def test_records_whose_id_is_null_are_compared_by_content(self, mode: Mode) -> None:
        script = Script(ok([{"id": None, "name": "a"}]), ok([{"id": None, "name": "b"}]), ok([]))
        assert [app.name for app in mode.get(mode.client(script).apps.all())] == ["a", "b"]

    def test_from_a_later_page(self, mode: Mode) -> None:
        script = Script(server=library(12))
        assert ids(mode.get(mode.client(script).sessions.where(page_no=2).all())) == [5, 6, 7, 8, 9, 10, 11]
        assert pages_asked(script) == [2, 3]

    def test_a_failure_is_raised_where_it_happens(self, mode: Mode) -> None:
        script = Script(ok({"sessions": [{"id": "1"}]}), error(404))
        with pytest.raises(NotFoundError):
            mode.get(mode.client(script).sessions.all())
        assert pages_asked(script) == [1, 2]

    def test_a_page_is_requested_again_after_a_lost_connection(self, mode: Mode) -> None:
        script = Script(ok({"sessions": [{"id": "1"}]}), lost(), ok({"sessions": [{"id": "2"}]}), ok({"sessions": []}))
        assert ids(mode.get(mode.client(script).sessions.all())) == [1, 2]
        assert pages_asked(script) == [1, 2, 2, 3]

    @pytest.mark.parametrize("data", [None, {}, {"sessions": None}, {"sessions": "x"}, "x", 3])
    def test_a_response_without_a_list_is_a_decode_error(self, mode: Mode, data: Any) -> None:
        with pytest.raises(DecodeError, match="/app/sessions: the response contains no list of Session records"):
            mode.get(mode.client(Script(ok(data))).sessions.all())


class TestRefining:
    def test_each_refinement_is_a_clone(self, mode: Mode) -> None:
        client = mode.client(Script(server=library(0)))
        base = client.sessions.where(status="ENDED")
        steps = [
            base.where(search="x"),
            base.order_by("created_at"),
            base.page_size(3),
            base.limit(1),
            base.prefetch(2),
            base.where(app_id="other"),
            base.where(timeout=1),
        ]
        before = dict(vars(base))
        assert all(type(step) is type(base) and step is not base for step in steps)
        assert vars(base) == before
        mode.get(base.all())

    def test_filters_are_merged_and_the_last_one_wins(self, mode: Mode) -> None:
        script = Script(server=library(0))
        sessions = mode.client(script).sessions.where(status="LIVE", search="x").where(status="ENDED").page_size(7)
        mode.get(sessions.order_by("created_at").order_by("-minutes_consumed").all())
        assert script.call.query == {
            "status": "ENDED", "search": "x", "per_page": "7", "sort_by": "minutesConsumed", "sort_order": "DESC",
            "page_no": "1",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("order", "query"),
        [
            (lambda c: c.sessions.order_by("created_at"), {"sort_by": "createdAt", "sort_order": "ASC"}),
            (lambda c: c.sessions.order_by("-created_at"), {"sort_by": "createdAt", "sort_order": "DESC"}),
            (lambda c: c.sessions.order_by("minutes_consumed"), {"sort_by": "minutesConsumed", "sort_order": "ASC"}),
            (lambda c: c.sessions.order_by("-createdAt"), {"sort_by": "createdAt", "sort_order": "DESC"}),
            (
                lambda c: c.session_participants.where(session_id="s").order_by("-joined_at"),
                {"sort_by": "joinedAt", "sort_order": "DESC"},
            ),
            (
                lambda c: c.sessions.ref("s").participants.order_by("duration"),
                {"sort_by": "duration", "sort_order": "ASC"},
            ),
            (lambda c: c.apps.order_by("created_at"), {"sort_order": "ASC"}),
            (lambda c: c.apps.order_by("-created_at"), {"sort_order": "DESC"}),
        ],
    )
    def test_order_by_sends_camel_case(self, mode: Mode, order: Callable[[Any], Any], query: dict[str, str]) -> None:
        script = Script(ok([]))
        mode.get(order(mode.client(script)).all())
        assert script.call.query == {**query, "page_no": "1"}

    @pytest.mark.parametrize("wrong", [0, -1, 1.5, "5", True, None])
    @pytest.mark.parametrize("method", ["page_size", "limit", "prefetch"])
    def test_sizes_are_positive_integers(self, mode: Mode, method: str, wrong: Any) -> None:
        sessions = mode.client(Script()).sessions
        with pytest.raises(ValueError, match=f"{method}={wrong!r}: must be a whole number, 1 or more"):
            getattr(sessions, method)(wrong)

    @pytest.mark.parametrize("limit", [1, 4, 5, 6, 11, 100])
    def test_limit_truncates_and_requests_no_page_too_many(self, mode: Mode, limit: int) -> None:
        script = Script(server=library(12))
        sessions = mode.client(script).sessions.limit(limit)
        assert ids(mode.each(sessions)) == list(range(12))[:limit]
        assert len(script.calls) == min(-(-limit // 5), 3)
        assert sum(map(len, mode.each(sessions.pages()))) == min(limit, 12)

    def test_extra_queries_are_merged(self, mode: Mode) -> None:
        script = Script(server=library(0))
        sessions = mode.client(script).sessions.where(extra_query={"a": 1, "b": 1}, timeout=3)
        mode.get(sessions.where(extra_query={"b": 2, "c": 3}).where(extra_query={}).all())
        assert script.call.query == {"a": "1", "b": "2", "c": "3", "page_no": "1"}
        mode.get(sessions.all())
        assert script.calls[-1].query == {"a": "1", "b": "1", "page_no": "1"}
        assert [request.timeout for request in script.requests] == [3.0, 3.0]

    def test_it_has_no_truth_value(self, mode: Mode) -> None:
        """`if client.sessions.where(...)` would need a request; without one it would always be true."""
        sessions = mode.client(Script()).sessions.where(status="LIVE")
        for ask in (bool, lambda s: s or None, lambda s: not s, lambda s: 1 if s else 2):
            with pytest.raises(
                TypeError, match=r"^<Sessions .* is neither true nor false, .*: use \.first\(\) or \.count\(\)$"
            ):
                ask(sessions)

    @pytest.mark.parametrize("travel", [copy.copy, copy.deepcopy, pickle.dumps])
    def test_it_cannot_be_pickled_or_copied(self, mode: Mode, travel: Callable[[Any], object]) -> None:
        client = mode.client(Script())
        for relation in (client.sessions, client.sessions.where(status="LIVE"), client.livestream_sessions):
            with pytest.raises(TypeError, match=r"^<\w+ .*> cannot be pickled or copied: .*Pickle its records"):
                travel(relation)


class TestOneRequest:
    def test_first(self, mode: Mode) -> None:
        script = Script(server=library(12))
        sessions = mode.client(script).sessions.where(status="ENDED")
        assert mode.get(sessions.first()).id == "0"
        assert script.call.query == {"status": "ENDED", "page_no": "1", "per_page": "1"}

    def test_first_of_an_empty_list(self, mode: Mode) -> None:
        assert mode.get(mode.client(Script(server=library(0))).sessions.first()) is None

    def test_first_is_the_first_record_of_an_iteration(self, mode: Mode) -> None:
        sessions = mode.client(Script(server=library(12, cap=50))).sessions.where(page_no=3, per_page=4)
        assert mode.get(sessions.first()) == mode.each(sessions)[0]

    def test_page(self, mode: Mode) -> None:
        script = Script(server=library(12))
        assert ids(mode.get(mode.client(script).sessions.page_size(4).page(2))) == [4, 5, 6, 7]
        assert script.call.query == {"per_page": "4", "page_no": "2"}

    def test_page_and_limit_exclude_each_other(self, mode: Mode) -> None:
        sessions = mode.client(Script()).sessions.limit(2)
        with pytest.raises(ValueError, match=r"^page\(\) does not support limit\(\): use one of the two$"):
            mode.get(sessions.page(1))

    @pytest.mark.parametrize("wrong", [0, -1, "1", None, 1.0])
    def test_page_numbers_start_from_one(self, mode: Mode, wrong: Any) -> None:
        sessions = mode.client(Script()).sessions
        with pytest.raises(ValueError, match="page="):
            mode.get(sessions.page(wrong))

    def test_count_is_taken_from_paging(self, mode: Mode) -> None:
        script = Script(server=library(123))
        assert mode.get(mode.client(script).sessions.where(status="ENDED").count()) == 123
        assert script.call.query == {"status": "ENDED", "page_no": "1", "per_page": "1"}

    def test_count_of_an_empty_list(self, mode: Mode) -> None:
        script = Script(server=library(0))
        assert mode.get(mode.client(script).sessions.count()) == 0
        assert len(script.calls) == 1

    @pytest.mark.parametrize("total", [0, 1, 5, 12])
    def test_count_reads_all_pages_if_paging_is_missing(self, mode: Mode, total: int) -> None:
        sessions = mode.client(Script(server=library(total, says="nothing"))).sessions
        assert mode.get(sessions.page_size(3).count()) == total

    @pytest.mark.parametrize("says", ["paging", "nothing"])
    @pytest.mark.parametrize("limit", [None, 1, 3, 50])
    @pytest.mark.parametrize("page_no", [1, 2, 3, 9])
    @pytest.mark.parametrize("per_page", [None, 2, 5, 50])
    def test_count_is_the_number_of_records_of_all(
        self, mode: Mode, per_page: int | None, page_no: int, limit: int | None, says: str
    ) -> None:
        script = Script(server=library(12, says=says))
        sessions = mode.client(script).sessions.where(page_no=page_no, per_page=per_page)
        sessions = sessions if limit is None else sessions.limit(limit)
        assert mode.get(sessions.count()) == len(mode.get(sessions.all()))

    def test_count_from_a_later_page_is_one_request(self, mode: Mode) -> None:
        script = Script(server=library(12))
        assert mode.get(mode.client(script).sessions.where(page_no=2, per_page=5).count()) == 7
        assert script.call.query == {"page_no": "2", "per_page": "5"}

    @pytest.mark.parametrize("says", ["paging", "nothing"])
    def test_count_is_not_more_than_the_limit(self, mode: Mode, says: str) -> None:
        sessions = mode.client(Script(server=library(12, says=says))).sessions
        assert mode.get(sessions.limit(7).count()) == 7
        assert mode.get(sessions.limit(70).count()) == 12


class TestWrongFlavour:
    def test_an_async_relation_in_a_plain_loop(self) -> None:
        sessions: Any = async_client_of(Script()).sessions
        for loop in (iter, list, tuple):
            with pytest.raises(TypeError, match="belongs to an AsyncRealtimeKit: use `async for`"):
                loop(sessions)

    def test_a_sync_relation_in_an_async_loop(self) -> None:
        sessions: Any = client_of(Script()).sessions
        with pytest.raises(TypeError, match="belongs to a RealtimeKit: use a plain `for`"):
            aiter(sessions)


class TestNeighbours:
    def test_the_scope_below_a_record_is_fixed(self, mode: Mode) -> None:
        client = mode.client(Script())
        people, invited = client.sessions.ref("s").participants, client.meetings.ref("m").participants
        for name in ("account_id", "app_id", "session_id"):
            with pytest.raises(TypeError, match=f"{name}= is set by the record that these SessionParticipant"):
                people.where(**{name: "x"})
            with pytest.raises(TypeError, match=f"{name}= is set"):
                mode.get(people.find("p", **{name: "x"}))
            with pytest.raises(TypeError, match=f"{name}= is set"):
                people.ref("p", **{name: "x"})
        with pytest.raises(TypeError, match="meeting_id= is set"):
            mode.get(invited.create(custom_participant_id="c", preset_name="p", meeting_id="x"))

    def test_the_scope_of_a_clients_collection_is_not(self, mode: Mode) -> None:
        script = Script(ok([]))
        people = mode.client(script).session_participants.where(session_id="s", app_id="b").where(session_id="t")
        mode.get(people.all())
        assert script.call.path == "/b/sessions/t/participants"

    @pytest.mark.parametrize(
        ("name", "needed"), [("participants", "meeting_id"), ("session_participants", "session_id")]
    )
    def test_without_a_parent_the_error_names_the_missing_id(self, mode: Mode, name: str, needed: str) -> None:
        relation = getattr(mode.client(Script()), name)
        with pytest.raises(TypeError, match=f"{needed} is required"):
            mode.get(relation.all())
        with pytest.raises(TypeError, match=f"{needed} is required"):
            relation.ref("x")

    def test_a_record_passes_its_scope_on(self, mode: Mode) -> None:
        script = Script(ok([]), ok({}), ok([]))
        session = mode.client(script).sessions.ref("s", app_id="b", account_id="a")
        mode.get(session.participants.all())
        mode.get(session.chat)
        mode.get(session.livestream_sessions())
        path = "/accounts/a/realtime/kit/b/sessions/s"
        assert [c.path for c in script.calls] == [f"{path}/participants", f"{path}/chat", f"{path}/livestream-sessions"]

    @pytest.mark.parametrize("name", ["chat", "summary", "transcript"])
    def test_has_one_loads_once(self, mode: Mode, name: str) -> None:
        script = Script(ok({}))
        session = mode.client(script).sessions.ref("s")
        first = mode.get(getattr(session, name))
        assert mode.get(getattr(session, name)) is first
        assert len(script.calls) == 1

    def test_has_one_does_not_cache_a_failure(self, mode: Mode) -> None:
        script = Script(error(403, "not today"), ok({"chat_download_url": "u"}))
        session = mode.client(script).sessions.ref("s")
        with pytest.raises(PermissionDeniedError, match="not today"):
            mode.get(session.chat)
        assert mode.get(session.chat).download_url == "u"

    def test_has_one_can_be_reloaded(self, mode: Mode) -> None:
        script = Script(ok({"sessionId": "s"}), ok({"sessionId": "s", "summaryDownloadUrl": "u"}))
        session = mode.client(script).sessions.ref("s")
        summary = mode.get(session.summary)
        assert summary.download_url is None
        mode.get(summary.reload())
        assert mode.get(session.summary).download_url == "u"


class TestNull:
    """Entries of a list that are null do not lose the others."""

    PAGES: ClassVar[list[list[Any]]] = [["0", None, "1"], [None, None, None], [None, "2", "3"], ["4"]]

    @classmethod
    def serve(cls, call: Call, *, says: str) -> Step:
        number = int(call.query["page_no"])
        page = cls.PAGES[number - 1] if number <= len(cls.PAGES) else []
        if call.query.get("per_page") == "1":
            page = [None]
        start = 3 * (number - 1) + 1
        paging = paging_of(10, start, start + len(page) - 1) if says == "paging" else None
        return ok({"sessions": [key and {"id": key} for key in page]}, paging)

    @pytest.fixture(params=["paging", "nothing"])
    def sessions(self, mode: Mode, request: pytest.FixtureRequest) -> Any:
        return mode.client(Script(server=lambda call: self.serve(call, says=request.param))).sessions

    def test_every_record_once_in_order(self, mode: Mode, sessions: Any) -> None:
        assert ids(mode.get(sessions.all())) == [0, 1, 2, 3, 4]
        assert ids(mode.get(sessions.prefetch(3).all())) == [0, 1, 2, 3, 4]

    def test_first_and_page(self, mode: Mode, sessions: Any) -> None:
        assert mode.get(sessions.first()).id == "0"
        assert ids(mode.get(sessions.page(3))) == [2, 3]
        assert mode.get(sessions.page(2)) == []

    @pytest.mark.parametrize("limit", [1, 2, 3, 5, 9])
    def test_a_limit_counts_records(self, mode: Mode, sessions: Any, limit: int) -> None:
        assert ids(mode.get(sessions.limit(limit).all())) == [0, 1, 2, 3, 4][:limit]

    def test_first_of_nothing_but_null(self, mode: Mode) -> None:
        assert mode.get(mode.client(Script(server=lambda _: ok([None]))).sessions.first()) is None
        assert mode.get(mode.client(Script(server=lambda _: ok([None]))).sessions.all()) == []

    def test_lists_without_pages(self, mode: Mode) -> None:
        livestream_session = {"id": "b"}
        script = Script(
            ok([None, {"id": "w"}]),
            ok([None, "meeting.ended"]),
            ok({"data": [None, livestream_session]}),
            ok({"livestream": None, "sessions": [livestream_session, None]}),
            ok([None, {"date": "2026-06-03"}]),
        )
        client = mode.client(script)
        assert [webhook.id for webhook in mode.get(client.webhooks.all())] == ["w"]
        assert mode.get(client.webhooks.events()) == ["meeting.ended"]
        assert [each.id for each in mode.get(client.sessions.ref("s").livestream_sessions())] == ["b"]
        assert [each.id for each in mode.get(client.meetings.ref("m").livestream()).sessions] == ["b"]
        assert len(mode.get(client.analytics.livestreams_daywise())) == 1
