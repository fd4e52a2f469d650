"""Relations: lazy, immutable, in either flavour; they page themselves."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from realtimekit import DecodeError, NotFoundError, PermissionDeniedError

from .scripted import Call, Flavour, Script, Server, Step, async_client_of, client_of, error, lost, ok, places


def library(total: int, cap: int = 5, *, says: str = "paging") -> Server:
    """Sessions numbered from 0, at most `cap` a page."""

    def serve(call: Call) -> Step:
        size = min(int(call.query.get("per_page", "20")), cap)
        start = (int(call.query["page_no"]) - 1) * size
        found = [{"id": str(number)} for number in range(total)[start : start + size]]
        return ok({"sessions": found}, places(total, start + 1, start + len(found)) if says == "paging" else None)

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
    def test_nothing_is_sent_until_it_is_asked(self, flavour: Flavour, make: Callable[[Any], Any]) -> None:
        make(flavour.client(Script()))  # the script has no answers

    def test_the_next_page_is_read_when_it_is_needed(self) -> None:
        script = Script(server=library(12))
        sessions = iter(client_of(script).sessions)
        asked = []
        for _ in range(12):
            next(sessions)
            asked.append(len(script.calls))
        assert asked == [1] * 5 + [2] * 5 + [3] * 2

    def test_an_early_break_stops_asking(self) -> None:
        script = Script(server=library(100))
        for session in client_of(script).sessions:
            if session.id == "6":
                break
        assert pages_asked(script) == [1, 2]

    def test_iterating_again_reads_again(self, flavour: Flavour) -> None:
        script = Script(server=library(3))
        sessions = flavour.client(script).sessions
        assert flavour.each(sessions) == flavour.each(sessions)
        assert pages_asked(script) == [1, 1]


class TestWalking:
    @pytest.mark.parametrize("says", ["paging", "nothing"])
    @pytest.mark.parametrize("total", [0, 1, 5, 12])
    def test_every_record_once_in_order(self, flavour: Flavour, total: int, says: str) -> None:
        sessions = flavour.client(Script(server=library(total, says=says))).sessions
        assert ids(flavour.each(sessions)) == list(range(total))
        assert ids(flavour.get(sessions.all())) == list(range(total))
        assert [i for page in flavour.each(sessions.pages()) for i in ids(page)] == list(range(total))

    def test_pages_are_lists(self, flavour: Flavour) -> None:
        pages = flavour.each(flavour.client(Script(server=library(12))).sessions.pages())
        assert [ids(page) for page in pages] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]

    def test_paging_inside_the_data(self, flavour: Flavour) -> None:
        def serve(call: Call) -> Step:
            number = int(call.query["page_no"])
            data = {"participants": [{"id": str(number)}], "paging": places(3, number, number)}
            return ok(data)

        script = Script(server=serve)
        people = flavour.get(flavour.client(script).sessions.ref("s").participants.all())
        assert ids(people) == [1, 2, 3]
        assert pages_asked(script) == [1, 2, 3]
        assert {person.scope["session_id"] for person in people} == {"s"}

    def test_a_server_that_ignores_page_no_is_read_once(self, flavour: Flavour) -> None:
        script = Script(server=lambda _: ok({"sessions": [{"id": "1"}, {"id": "2"}]}))
        assert ids(flavour.get(flavour.client(script).sessions.all())) == [1, 2]
        assert len(script.calls) == 2

    def test_records_without_an_id_are_told_apart_by_what_they_hold(self, flavour: Flavour) -> None:
        script = Script(ok([{"name": "a"}]), ok([{"name": "b"}]), ok([{"name": "b"}]))
        found = flavour.get(flavour.client(script).apps.all())
        assert [app.name for app in found] == ["a", "b"]

    def test_records_whose_id_is_null_too(self, flavour: Flavour) -> None:
        script = Script(ok([{"id": None, "name": "a"}]), ok([{"id": None, "name": "b"}]), ok([]))
        assert [app.name for app in flavour.get(flavour.client(script).apps.all())] == ["a", "b"]

    def test_from_a_page_on(self, flavour: Flavour) -> None:
        script = Script(server=library(12))
        assert ids(flavour.get(flavour.client(script).sessions.where(page_no=2).all())) == [5, 6, 7, 8, 9, 10, 11]
        assert pages_asked(script) == [2, 3]

    def test_a_failure_on_the_way_is_raised_where_it_happens(self, flavour: Flavour) -> None:
        script = Script(ok({"sessions": [{"id": "1"}]}), error(404))
        with pytest.raises(NotFoundError):
            flavour.get(flavour.client(script).sessions.all())
        assert pages_asked(script) == [1, 2]

    def test_a_page_is_asked_for_again_after_a_lost_connection(self, flavour: Flavour) -> None:
        script = Script(ok({"sessions": [{"id": "1"}]}), lost(), ok({"sessions": [{"id": "2"}]}), ok({"sessions": []}))
        assert ids(flavour.get(flavour.client(script).sessions.all())) == [1, 2]
        assert pages_asked(script) == [1, 2, 2, 3]

    @pytest.mark.parametrize("data", [None, {}, {"sessions": None}, {"sessions": "x"}, "x", 3])
    def test_an_answer_without_a_list_is_a_decode_error(self, flavour: Flavour, data: Any) -> None:
        with pytest.raises(DecodeError, match="/app/sessions: the response contains no list of Session records"):
            flavour.get(flavour.client(Script(ok(data))).sessions.all())


class TestRefining:
    def test_each_step_is_a_copy(self, flavour: Flavour) -> None:
        client = flavour.client(Script(server=library(0)))
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
        flavour.get(base.all())

    def test_they_add_up_and_the_last_word_counts(self, flavour: Flavour) -> None:
        script = Script(server=library(0))
        sessions = flavour.client(script).sessions.where(status="LIVE", search="x").where(status="ENDED").page_size(7)
        flavour.get(sessions.order_by("created_at").order_by("-minutes_consumed").all())
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
    def test_order_by_speaks_the_casing_of_the_wire(
        self, flavour: Flavour, order: Callable[[Any], Any], query: dict[str, str]
    ) -> None:
        script = Script(ok([]))
        flavour.get(order(flavour.client(script)).all())
        assert script.call.query == {**query, "page_no": "1"}

    @pytest.mark.parametrize("wrong", [0, -1, 1.5, "5", True, None])
    @pytest.mark.parametrize("method", ["page_size", "limit", "prefetch"])
    def test_sizes_are_whole_numbers_from_one(self, flavour: Flavour, method: str, wrong: Any) -> None:
        sessions = flavour.client(Script()).sessions
        with pytest.raises(ValueError, match=f"{method}={wrong!r}: must be a whole number, 1 or more"):
            getattr(sessions, method)(wrong)

    @pytest.mark.parametrize("limit", [1, 4, 5, 6, 11, 100])
    def test_limit_cuts_and_asks_for_no_page_too_many(self, flavour: Flavour, limit: int) -> None:
        script = Script(server=library(12))
        sessions = flavour.client(script).sessions.limit(limit)
        assert ids(flavour.each(sessions)) == list(range(12))[:limit]
        assert len(script.calls) == min(-(-limit // 5), 3)
        assert sum(map(len, flavour.each(sessions.pages()))) == min(limit, 12)

    def test_extra_queries_add_up_too(self, flavour: Flavour) -> None:
        script = Script(server=library(0))
        sessions = flavour.client(script).sessions.where(extra_query={"a": 1, "b": 1}, timeout=3)
        flavour.get(sessions.where(extra_query={"b": 2, "c": 3}).where(extra_query={}).all())
        assert script.call.query == {"a": "1", "b": "2", "c": "3", "page_no": "1"}
        flavour.get(sessions.all())
        assert script.calls[-1].query == {"a": "1", "b": "1", "page_no": "1"}
        assert [request.timeout for request in script.requests] == [3.0, 3.0]

    def test_it_is_neither_true_nor_false(self, flavour: Flavour) -> None:
        """`if client.sessions.where(...)` would have to ask, and always was true."""
        sessions = flavour.client(Script()).sessions.where(status="LIVE")
        for ask in (bool, lambda s: s or None, lambda s: not s, lambda s: 1 if s else 2):
            with pytest.raises(
                TypeError, match=r"^<Sessions .* is neither true nor false, .*: use \.first\(\) or \.count\(\)$"
            ):
                ask(sessions)

    @pytest.mark.parametrize("travel", [copy.copy, copy.deepcopy, pickle.dumps])
    def test_it_cannot_travel(self, flavour: Flavour, travel: Callable[[Any], object]) -> None:
        client = flavour.client(Script())
        for relation in (client.sessions, client.sessions.where(status="LIVE"), client.livestream_sessions):
            with pytest.raises(TypeError, match=r"^<\w+ .*> cannot be pickled or copied: .*Pickle its records"):
                travel(relation)


class TestOneRequest:
    def test_first(self, flavour: Flavour) -> None:
        script = Script(server=library(12))
        sessions = flavour.client(script).sessions.where(status="ENDED")
        assert flavour.get(sessions.first()).id == "0"
        assert script.call.query == {"status": "ENDED", "page_no": "1", "per_page": "1"}

    def test_first_of_none(self, flavour: Flavour) -> None:
        assert flavour.get(flavour.client(Script(server=library(0))).sessions.first()) is None

    def test_first_is_the_first_that_a_walk_gives(self, flavour: Flavour) -> None:
        sessions = flavour.client(Script(server=library(12, cap=50))).sessions.where(page_no=3, per_page=4)
        assert flavour.get(sessions.first()) == flavour.each(sessions)[0]

    def test_page(self, flavour: Flavour) -> None:
        script = Script(server=library(12))
        assert ids(flavour.get(flavour.client(script).sessions.page_size(4).page(2))) == [4, 5, 6, 7]
        assert script.call.query == {"per_page": "4", "page_no": "2"}

    def test_page_and_limit_contradict_each_other(self, flavour: Flavour) -> None:
        sessions = flavour.client(Script()).sessions.limit(2)
        with pytest.raises(ValueError, match=r"^page\(\) does not support limit\(\): use one of the two$"):
            flavour.get(sessions.page(1))

    @pytest.mark.parametrize("wrong", [0, -1, "1", None, 1.0])
    def test_page_numbers_start_from_one(self, flavour: Flavour, wrong: Any) -> None:
        sessions = flavour.client(Script()).sessions
        with pytest.raises(ValueError, match="page="):
            flavour.get(sessions.page(wrong))

    def test_count_is_what_paging_says(self, flavour: Flavour) -> None:
        script = Script(server=library(123))
        assert flavour.get(flavour.client(script).sessions.where(status="ENDED").count()) == 123
        assert script.call.query == {"status": "ENDED", "page_no": "1", "per_page": "1"}

    def test_count_of_none(self, flavour: Flavour) -> None:
        script = Script(server=library(0))
        assert flavour.get(flavour.client(script).sessions.count()) == 0
        assert len(script.calls) == 1

    @pytest.mark.parametrize("total", [0, 1, 5, 12])
    def test_count_walks_where_paging_is_missing(self, flavour: Flavour, total: int) -> None:
        sessions = flavour.client(Script(server=library(total, says="nothing"))).sessions
        assert flavour.get(sessions.page_size(3).count()) == total

    @pytest.mark.parametrize("says", ["paging", "nothing"])
    @pytest.mark.parametrize("limit", [None, 1, 3, 50])
    @pytest.mark.parametrize("page_no", [1, 2, 3, 9])
    @pytest.mark.parametrize("per_page", [None, 2, 5, 50])
    def test_count_is_how_many_all_gives(
        self, flavour: Flavour, per_page: int | None, page_no: int, limit: int | None, says: str
    ) -> None:
        script = Script(server=library(12, says=says))
        sessions = flavour.client(script).sessions.where(page_no=page_no, per_page=per_page)
        sessions = sessions if limit is None else sessions.limit(limit)
        assert flavour.get(sessions.count()) == len(flavour.get(sessions.all()))

    def test_count_from_a_later_page_on_is_one_request(self, flavour: Flavour) -> None:
        script = Script(server=library(12))
        assert flavour.get(flavour.client(script).sessions.where(page_no=2, per_page=5).count()) == 7
        assert script.call.query == {"page_no": "2", "per_page": "5"}

    @pytest.mark.parametrize("says", ["paging", "nothing"])
    def test_count_is_not_more_than_the_limit(self, flavour: Flavour, says: str) -> None:
        sessions = flavour.client(Script(server=library(12, says=says))).sessions
        assert flavour.get(sessions.limit(7).count()) == 7
        assert flavour.get(sessions.limit(70).count()) == 12


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
    def test_the_scope_below_a_record_is_fixed(self, flavour: Flavour) -> None:
        client = flavour.client(Script())
        people, invited = client.sessions.ref("s").participants, client.meetings.ref("m").participants
        for name in ("account_id", "app_id", "session_id"):
            with pytest.raises(TypeError, match=f"{name}= is set by the record that these SessionParticipant"):
                people.where(**{name: "x"})
            with pytest.raises(TypeError, match=f"{name}= is set"):
                flavour.get(people.find("p", **{name: "x"}))
            with pytest.raises(TypeError, match=f"{name}= is set"):
                people.ref("p", **{name: "x"})
        with pytest.raises(TypeError, match="meeting_id= is set"):
            flavour.get(invited.create(custom_participant_id="c", preset_name="p", meeting_id="x"))

    def test_the_scope_of_a_clients_collection_is_not(self, flavour: Flavour) -> None:
        script = Script(ok([]))
        people = flavour.client(script).session_participants.where(session_id="s", app_id="b").where(session_id="t")
        flavour.get(people.all())
        assert script.call.path == "/b/sessions/t/participants"

    @pytest.mark.parametrize(
        ("name", "needed"), [("participants", "meeting_id"), ("session_participants", "session_id")]
    )
    def test_without_its_parent_it_says_which_id_it_needs(self, flavour: Flavour, name: str, needed: str) -> None:
        relation = getattr(flavour.client(Script()), name)
        with pytest.raises(TypeError, match=f"{needed} is needed"):
            flavour.get(relation.all())
        with pytest.raises(TypeError, match=f"{needed} is needed"):
            relation.ref("x")

    def test_a_record_passes_its_own_app_on(self, flavour: Flavour) -> None:
        script = Script(ok([]), ok({}), ok([]))
        session = flavour.client(script).sessions.ref("s", app_id="b", account_id="a")
        flavour.get(session.participants.all())
        flavour.get(session.chat)
        flavour.get(session.livestream_sessions())
        path = "/accounts/a/realtime/kit/b/sessions/s"
        assert [c.path for c in script.calls] == [f"{path}/participants", f"{path}/chat", f"{path}/livestream-sessions"]

    @pytest.mark.parametrize("name", ["chat", "summary", "transcript"])
    def test_has_one_loads_once(self, flavour: Flavour, name: str) -> None:
        script = Script(ok({}))
        session = flavour.client(script).sessions.ref("s")
        first = flavour.get(getattr(session, name))
        assert flavour.get(getattr(session, name)) is first
        assert len(script.calls) == 1

    def test_has_one_does_not_keep_a_failure(self, flavour: Flavour) -> None:
        script = Script(error(403, "not today"), ok({"chat_download_url": "u"}))
        session = flavour.client(script).sessions.ref("s")
        with pytest.raises(PermissionDeniedError, match="not today"):
            flavour.get(session.chat)
        assert flavour.get(session.chat).download_url == "u"

    def test_has_one_can_be_read_again(self, flavour: Flavour) -> None:
        script = Script(ok({"sessionId": "s"}), ok({"sessionId": "s", "summaryDownloadUrl": "u"}))
        session = flavour.client(script).sessions.ref("s")
        summary = flavour.get(session.summary)
        assert summary.download_url is None
        flavour.get(summary.reload())
        assert flavour.get(session.summary).download_url == "u"
