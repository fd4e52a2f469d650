"""The tools, through the official client: over the API, and over an archive of the same sessions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from realtimekit import RealtimeKit
from realtimekit.emulator import Emulator
from realtimekit.mcp_server import create_server
from tests.archive.rich_world import Rich, make_rich
from tests.archive.worlds import World

from .official import Caller, connected, of_archive

TOOLS = [
    "search_transcripts", "list_sessions", "get_session", "get_transcript", "get_summary", "get_chat", "call_quality",
    "session_costs",
]  # fmt: skip


class Backend(NamedTuple):
    """A world, and the tools that read it."""

    rich: Rich
    tools: Caller

    @property
    def session_id(self) -> str:
        return self.rich.weekly.session_id


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Backend]]:
    with Emulator() as emulator:
        world = World(emulator, tmp_path_factory.mktemp("archive"))
        rich = make_rich(world)
        world.sync()
        yield {
            "api": Backend(rich, Caller(create_server(world.client))),
            "archive": Backend(rich, Caller(of_archive(world.archive))),
        }


@pytest.fixture(params=["api", "archive"])
def backend(request: pytest.FixtureRequest, both: dict[str, Backend]) -> Backend:
    return both[request.param]


def test_what_a_model_is_told(both: dict[str, Backend]) -> None:
    for name, backend in both.items():

        async def use(client: Any) -> Any:
            return client.instructions, (await client.list_tools()).tools

        instructions, tools = connected(backend.tools._server, use)
        assert "untrusted" in instructions
        assert ("cannot search" in instructions) == (name == "api")
        assert [tool.name for tool in tools] == TOOLS
        for tool in tools:
            hints = tool.annotations
            assert (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint) == (True, False, True)
            assert hints.open_world_hint is True
            assert tool.description
            assert tool.output_schema["properties"]["notice"]
            assert tool.input_schema["additionalProperties"] is False


def test_both_return_the_same(both: dict[str, Backend]) -> None:
    """An archive answers like the API, so its tools do."""
    session_id = both["api"].session_id
    calls: list[tuple[str, dict[str, Any]]] = [
        ("list_sessions", {}),
        ("list_sessions", {"search": "budget", "order": "oldest"}),
        ("search_transcripts", {"words": "gruss OR back OR morning", "session_id": session_id}),
        ("get_transcript", {"session_id": session_id}),
        ("get_chat", {"session_id": session_id}),
        ("get_summary", {"session_id": session_id}),
        ("call_quality", {"session_id": session_id}),
        ("get_session", {"session_id": session_id}),
    ]
    live, kept = (backend.tools.results(*calls) for backend in both.values())
    for one, other, (name, _) in zip(live, kept, calls, strict=True):
        assert not one.is_error, one.content
        assert one.structured_content == other.structured_content, name


def test_sessions(backend: Backend) -> None:
    found = backend.tools.ok("list_sessions")
    assert found["total"] == 4
    assert {each["session_id"] for each in found["sessions"]} == set(backend.rich.sessions)
    oldest = backend.tools.ok("list_sessions", order="oldest", limit=1)["sessions"][0]
    assert oldest["session_id"] == backend.session_id
    assert oldest["untrusted"] == {"title": "Weekly: budget"}
    assert oldest["status"] == "ENDED"
    of_meeting = backend.tools.ok("list_sessions", meeting_id=backend.rich.weekly.meeting_id)
    assert len(of_meeting["sessions"]) == 2
    assert backend.tools.ok("list_sessions", search="interview")["total"] == 1
    assert backend.tools.ok("list_sessions", status="LIVE")["sessions"] == []
    assert backend.tools.ok("list_sessions", until="2020-01-01")["total"] == 0
    assert backend.tools.ok("list_sessions", since="2020-01-01", until="2100-01-01")["total"] == 4


def test_pages_of_sessions(backend: Backend) -> None:
    pages = [*backend.tools.pages("list_sessions", limit=3)]
    assert [len(page["sessions"]) for page in pages] == [3, 1]
    whole = backend.tools.ok("list_sessions")["sessions"]
    assert [each for page in pages for each in page["sessions"]] == whole


def test_one_session(backend: Backend) -> None:
    found = backend.tools.ok("get_session", session_id=backend.session_id)
    assert found["session"]["session_id"] == backend.session_id
    names = [each["untrusted"]["name"] for each in found["participants"]]
    assert sorted(names) == ["Alice", "Bob", "Bob"]
    (recording,) = found["recordings"]
    assert (recording["status"], recording["has_file"]) == ("UPLOADED", True)
    first, *others = backend.tools.pages("get_session", session_id=backend.session_id, limit=2)
    assert [len(page["participants"]) for page in (first, *others)] == [2, 1]
    assert "recordings" in first
    assert "recordings" not in others[0]


def test_the_transcript_in_parts(backend: Backend) -> None:
    found = backend.tools.ok("get_transcript", session_id=backend.session_id)["segments"]
    assert [each["time_code"] for each in found] == ["00:00:00", "00:01:01", "00:03:10"]
    assert found[1]["untrusted"] == {"speaker": "Bob", "text": "Grüß Gott, “quoted”, and\na second line"}
    assert found[1]["citation"] == f"{backend.session_id} 00:01:01"
    assert (found[1]["start_ms"], found[1]["end_ms"]) == (61_000, 64_500)

    def between(start: str | None, end: str | None) -> list[str]:
        given = {name: value for name, value in (("start", start), ("end", end)) if value is not None}
        segments = backend.tools.ok("get_transcript", session_id=backend.session_id, **given)["segments"]
        return [each["time_code"] for each in segments]

    assert between("1:00", "02:00") == ["00:01:01"]
    assert between("63", None) == ["00:01:01", "00:03:10"]  # it was being said
    assert between("00:01:05", None) == ["00:03:10"]
    assert between(None, "61") == ["00:00:00"]
    assert between("01:00:00", None) == []
    pages = [*backend.tools.pages("get_transcript", session_id=backend.session_id, limit=2)]
    assert [each for page in pages for each in page["segments"]] == found


def test_chat_and_summary(backend: Backend) -> None:
    messages = backend.tools.ok("get_chat", session_id=backend.session_id)["messages"]
    assert [each["untrusted"] for each in messages] == [
        {"name": "Alice", "text": "a message"},
        {"name": "Bob", "text": 'a, comma; "quotes" 🎉'},
    ]
    summary = backend.tools.ok("get_summary", session_id=backend.session_id)
    assert "Good morning" in summary["untrusted"]["text"]
    assert summary["characters"] == len(summary["untrusted"]["text"])


def test_what_is_missing_says_why(backend: Backend) -> None:
    quiet = backend.rich.quiet.session_id
    for tool, setting in (("get_transcript", "transcribe_on_end"), ("get_summary", "summarize_on_end")):
        text = backend.tools.error(tool, session_id=quiet)
        assert text == f"its meeting has {setting}=False: set that to True for later sessions"
    text = backend.tools.error("get_session", session_id="nobody")
    assert "(status 404)" in text
    assert "accounts" not in text


def test_search_in_a_session(backend: Backend) -> None:
    def search(words: str, **more: Any) -> dict[str, Any]:
        return backend.tools.ok("search_transcripts", words=words, session_id=backend.session_id, **more)

    said = search("gruß")["matches"][0]
    assert said["time_code"] == "00:01:01"
    assert said["citation"] == f"{backend.session_id} 00:01:01"
    assert said["untrusted"]["speaker"] == "Bob"
    (written,) = search('"comma quotes"')["matches"]
    assert (written["kind"], written["untrusted"]["snippet"]) == ("chat", 'a, comma; "quotes" 🎉')
    assert written["untrusted"]["matches"] == ['comma; "quotes']
    assert {each["kind"] for each in search("back")["matches"]} == {"transcript", "summary"}
    assert search("back", speaker="alic")["matches"] == []
    assert search("nowhere")["matches"] == []
    pages = [*backend.tools.pages("search_transcripts", words="a OR back", session_id=backend.session_id, limit=1)]
    assert len(pages) > 2
    assert [each for page in pages for each in page["matches"]] == search("a OR back")["matches"]


def test_search_in_everything(both: dict[str, Backend]) -> None:
    live, kept = both["api"], both["archive"]
    text = live.tools.error("search_transcripts", words="morning")
    assert text.startswith("session_id: required, because the live API cannot search")
    assert "list_sessions" in text
    found = kept.tools.ok("search_transcripts", words="morning")["matches"]
    assert {each["session_id"] for each in found} >= {kept.session_id, kept.rich.tracks.session_id}
    said = next(each for each in found if each["kind"] == "transcript" and each["session_id"] == kept.session_id)
    assert said["citation"] == f"{kept.session_id} 00:00:00"
    assert said["at"].endswith("Z")
    assert said["untrusted"] == {
        "title": "Weekly: budget",
        "speaker": "Alice",
        "snippet": "Good morning",
        "matches": ["morning"],
    }
    of_meeting = kept.tools.ok("search_transcripts", words="morning", meeting_id=kept.rich.tracks.meeting_id)
    assert {each["session_id"] for each in of_meeting["matches"]} == {kept.rich.tracks.session_id}
    assert kept.tools.ok("search_transcripts", words="morning", until="2020-01-01")["matches"] == []
    pages = [*kept.tools.pages("search_transcripts", words="morning", limit=2)]
    assert [each for page in pages for each in page["matches"]] == found


def test_call_quality(backend: Backend) -> None:
    found = backend.tools.ok("call_quality", session_id=backend.session_id)["participants"]
    assert sorted(each["untrusted"]["name"] for each in found) == ["Alice", "Bob", "Bob"]
    findings = [finding for each in found for finding in each["findings"]]
    assert all(finding["citation"].startswith(backend.session_id) for finding in findings)
    measured = [one for each in found for one in each["measurements"]]
    assert {one["direction"] for one in measured} == {"sent", "received"}
    pages = [*backend.tools.pages("call_quality", session_id=backend.session_id, limit=1)]
    assert [each for page in pages for each in page["participants"]] == found


def test_costs(backend: Backend) -> None:
    found = backend.tools.ok("session_costs", session_id=backend.session_id)
    assert found["currency"] == "USD"
    assert found["cost"] > 0
    assert {"item", "minutes", "per_minute", "cost", "source", "date"} <= set(found["lines"][0])
    people = {each["untrusted"].get("name"): each["minutes"] for each in found["people"]}
    assert {"Alice", "Bob"} <= set(people)
    pages = [*backend.tools.pages("session_costs", session_id=backend.session_id, limit=1)]
    assert [each for page in pages for each in page["people"]] == found["people"]


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("list_sessions", {"limit": 0}, "limit: Input should be greater than or equal to 1"),
    ("list_sessions", {"limit": 51}, "limit: Input should be less than or equal to 50"),
    ("list_sessions", {"limit": "many"}, "limit: Input should be a valid integer"),
    ("list_sessions", {"query": "x"}, "query: list_sessions has no such argument; it has search, meeting_id"),
    ("list_sessions", {"since": "yesterday"}, "since='yesterday' is not an ISO 8601 date or time"),
    ("list_sessions", {"since": "2026-06-04", "until": "2026-06-03"}, "since=2026-06-04T00:00:00+00:00 is later than"),
    ("search_transcripts", {"words": "x", "since": "2026-06-04", "until": "2026-06-03"}, "since=2026-06-04T00:00:00"),
    ("list_sessions", {"order": "best"}, "order: Input should be 'newest', 'oldest', 'longest' or 'shortest'"),
    ("list_sessions", {"cursor": "x"}, "cursor: not a cursor of this call"),
    ("list_sessions", {"cursor": "\u00e9"}, "cursor: not a cursor of this call"),
    ("get_session", {}, "session_id: Field required"),
    ("get_session", {"session_id": ""}, "session_id: String should have at least 1 character"),
    ("get_session", {"session_id": ".."}, "session_id"),
    ("get_session", {"session_id": 5}, "session_id: Input should be a valid string"),
    ("get_chat", {"session_id": "x" * 300}, "session_id: String should have at most 200 characters"),
    ("get_transcript", {"session_id": "s", "start": "soon"}, "start='soon' is not a time code"),
    ("get_transcript", {"session_id": "s", "start": "2:00", "end": "1:00"}, "start='2:00' is not before end='1:00'"),
    ("search_transcripts", {"words": "x", "session_id": "s", "since": "2026-01-01"}, "meeting_id, since and until"),
    ("nothing", {}, "Unknown tool: nothing"),
]  # fmt: skip


def test_bad_arguments(both: dict[str, Backend]) -> None:
    """One line, which names the argument. Nothing is sent."""
    results = both["api"].tools.results(*((name, arguments) for name, arguments, _ in BAD))
    for result, (name, _, text) in zip(results, BAD, strict=True):
        assert result.is_error, name
        assert result.content[0].text.startswith(text), result.content[0].text
        assert "\n" not in result.content[0].text


def test_a_search_without_a_word(both: dict[str, Backend]) -> None:
    for backend in both.values():
        for words in ("!!!", '"open'):
            text = backend.tools.error("search_transcripts", words=words, session_id=backend.session_id)
            assert text.startswith("the search")


def test_a_cursor_of_another_call(both: dict[str, Backend]) -> None:
    tools = both["archive"].tools
    cursor = tools.ok("list_sessions", limit=1)["next_cursor"]
    for arguments in ({"limit": 2}, {"limit": 1, "search": "x"}, {"limit": 1, "order": "oldest"}):
        assert tools.error("list_sessions", cursor=cursor, **arguments).startswith("cursor: not a cursor of this call")
    session_id = both["archive"].session_id
    assert tools.error("get_session", session_id=session_id, limit=1, cursor=cursor).startswith("cursor: not a cursor")


def test_without_a_network() -> None:
    settings: Any = {"api_token": "secret-token", "account_id": "a", "app_id": "b", "max_retries": 0}
    with RealtimeKit(**settings, base_url="http://127.0.0.1:9", transport="httpcore2") as client:
        tools = Caller(create_server(client))
        for name in TOOLS:
            arguments = {} if name == "list_sessions" else {"session_id": "s"}
            text = tools.error(name, **arguments, **({"words": "x"} if name == "search_transcripts" else {}))
            assert "127.0.0.1:9" in text or "connect" in text
            assert "secret-token" not in text
