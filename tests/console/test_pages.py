"""What the pages show, over HTTP, read by an independent parser."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from urllib.parse import quote

import pytest

from realtimekit import RealtimeKit
from realtimekit.archive import Archive
from realtimekit.console import Server, create_app
from realtimekit.report.sanitize import clean
from tests.archive.raw import make_archive, people, put_session, transcript, update
from tests.report.meeting import NAMES, SAID, TITLE, WRITTEN

from .browser import Answer, Plain, opened
from .conftest import World, over


def words(answer: Answer) -> str:
    """Return the text of a page on one line."""
    return re.sub(r"\s+", " ", answer.page.text)


@pytest.mark.parametrize("which", ["live", "kept"])
def test_sessions_are_listed(world: World, which: str) -> None:
    client: Plain = getattr(world, which)
    text = words(client.ok("/"))
    assert "Release planning" in text
    assert TITLE in text
    assert "2 sessions" in text
    found = words(client.ok("/?q=Release"))
    assert "Release planning" in found
    assert TITLE not in found
    assert "No session matches" in words(client.ok("/?q=nothing-like-it"))
    assert "No session matches" in words(client.ok("/?until=2001-01-01"))
    links = [element.attributes.get("href") for element in client.ok("/").page.named("a")]
    assert "/sessions/sess-1" in links
    assert f"/sessions/{world.hostile}" in links


@pytest.mark.parametrize("which", ["live", "kept"])
def test_sessions_are_sorted(world: World, which: str) -> None:
    client: Plain = getattr(world, which)
    for query, first in (
        ("?sort=started&order=asc", "Release planning"), ("?sort=started&order=desc", "Weekly"),
        ("?sort=minutes&order=asc", "Release planning"), ("?sort=minutes", "Weekly"),
    ):  # fmt: skip
        text = words(client.ok(f"/{query}"))
        second = ({"Release planning", "Weekly"} - {first}).pop()
        assert text.index(first) < text.index(second), query
    (heading,) = [e for e in client.ok("/?sort=minutes").page.named("th") if "aria-sort" in e.attributes]
    assert heading.attributes["aria-sort"] == "descending"


@pytest.mark.parametrize("which", ["live", "kept"])
@pytest.mark.parametrize(
    "query",
    ["?page=0", "?page=x", "?page=99999999999999999999", "?since=yesterday", "?until=2026-02-31", "?sort=secret",
     "?order=up", "?status=GONE", "?since=2026-06-04&until=2026-06-03",
     "?page=0000000019999999999", "?page=000000001" + "9" * 5000],
)  # fmt: skip
def test_a_parameter_that_is_none_is_named(world: World, which: str, query: str) -> None:
    client: Plain = getattr(world, which)
    answer = client.get(f"/{query}")
    assert answer.status == 400
    assert "Traceback" not in answer.text
    assert query[1:].partition("=")[0] in words(answer)


@pytest.mark.parametrize("which", ["live", "kept"])
def test_both_ends_of_the_calendar(world: World, which: str) -> None:
    client: Plain = getattr(world, which)
    assert "0 sessions" in words(client.ok("/costs?month=0001-01"))
    assert client.get("/costs?month=9999-12").status == 400
    assert "month='0000-01' is not a month" in words(client.get("/costs?month=0000-01"))
    assert client.ok("/attendance?meeting=meet-1&since=0001-01-01&until=9999-12-31").status == 200
    backwards = client.get("/attendance?meeting=meet-1&since=2026-06-04&until=2026-06-03")
    assert (backwards.status, "2026-06-04, is later than until" in words(backwards)) == (400, True)


@pytest.mark.parametrize("which", ["live", "kept"])
def test_a_session_is_shown(world: World, which: str) -> None:
    client: Plain = getattr(world, which)
    text = words(client.ok("/sessions/sess-1"))
    for part in (
        "Release planning",
        "Alice",
        "The tests have been green",
        'Draft: "Upgrade notes"',
        "Summary",
        "spoke",
    ):
        assert part in text
    page = client.ok("/sessions/sess-1").page
    (video,) = page.named("video")
    assert video.attributes["src"] == "/recordings/rec-1/video"
    assert video.attributes["data-from"] == "2000", "it began two seconds after the session"
    lines = [element.attributes for element in page.named("li") if "data-line" in element.attributes]
    # Said 65 seconds after the start, for as long as the words take.
    assert lines[0]["id"] == "said-65000"
    assert lines[0]["data-from"] == "65000"
    assert lines[0]["data-to"] == str(65_000 + 60 * 71)
    assert "Draft" not in words(client.ok("/sessions/sess-1/quality"))
    assert "Mean" not in text
    assert "MOS" in words(client.ok("/sessions/sess-1/quality"))


@pytest.mark.parametrize("which", ["live", "kept"])
def test_hostile_text_is_only_text(world: World, which: str) -> None:
    client: Plain = getattr(world, which)
    answer = client.ok(f"/sessions/{world.hostile}")
    text = answer.page.text  # which checks that none of it became an element
    for said in (*SAID, *WRITTEN, *NAMES, TITLE):
        assert clean(said) in text
    for path in ("/", "/people"):
        assert client.ok(path).page.named("a")
    links = [element.attributes.get("href") or "" for element in answer.page.named("a")]
    assert not [link for link in links if re.match(r"\s*(javascript|data|vbscript):", link, re.IGNORECASE)]
    outside = [link for link in links if link.startswith("http")]
    assert outside
    assert all("X-Amz" not in link and "signature" not in link.lower() for link in links)


@pytest.mark.parametrize(
    "text", ['"><script>x</script>', "' onmouseover='x", "\x00\x1b[31m\u202e", "\ud800", "%ff", "x" * 5000]
)
@pytest.mark.parametrize("which", ["live", "kept"])
def test_hostile_parameters_are_only_text(world: World, which: str, text: str) -> None:
    client: Plain = getattr(world, which)
    given = quote(text.encode("utf-8", "surrogatepass"))
    for path in ("/?q={}", "/?meeting={}", "/people?q={}", "/search?q={}", "/search?q=a&speaker={}", "/person?id={}"):
        answer = client.get(path.format(given))
        assert answer.status in {200, 400, 404, 502}, path
        assert answer.page.named("main")
    for path in ("/sessions/{}", "/sessions/{}/quality", "/recordings/{}/video", "/{}"):
        assert client.get(path.format(given)).status == 404


@pytest.mark.parametrize("which", ["live", "kept"])
@pytest.mark.parametrize(
    "path", ["/sessions/none", "/sessions/none/quality", "/sessions/%20", "/sessions/..", "/nothing"]
)
def test_what_is_not_there_is_said(world: World, which: str, path: str) -> None:
    client: Plain = getattr(world, which)
    answer = client.get(path)
    assert answer.status == 404
    assert "Not found" in words(answer)


def test_people_of_an_archive(world: World) -> None:
    text = words(world.kept.ok("/people"))
    assert "Carol" in text
    assert "9 people" in text, "Alice of the demo is another than Alice of the other meeting, who came twice"
    assert "1 person" in words(world.kept.ok("/people?q=carol"))
    assert "1 person" in words(world.kept.ok("/people?q=user-carol"))
    assert "Nobody found" in words(world.kept.ok("/people?q=nobody"))
    alice = words(world.kept.ok("/person?id=user-0"))
    assert TITLE in alice
    assert "1 session" in alice
    assert world.kept.get("/person?id=nobody").status == 404
    assert world.kept.get("/person").status == 400
    assert words(world.kept.ok("/people?sort=name&order=asc")).index("Carol") < words(
        world.kept.ok("/people?sort=name&order=asc")
    ).index("W" * 400)


def test_people_of_the_api(world: World) -> None:
    text = words(world.live.ok("/people"))
    assert "Who was in 2 sessions" in text
    assert "Carol" in text
    page = world.live.ok("/people").page
    assert len(page.named("tr")) == 10
    assert "Nobody was in any session" in words(world.live.ok("/people?page=2"))
    assert world.live.get("/person?id=user-0").status == 404


def test_search(world: World) -> None:
    page = world.kept.ok("/search?q=Thursday").page
    marked = len(page.named("mark"))
    assert marked == 3
    links = [element.attributes["href"] for element in page.named("a") if "#" in (element.attributes["href"] or "")]
    assert "/sessions/sess-1#said-65000" in links
    assert "/sessions/sess-1#summary" in links
    ids = [element.attributes.get("id") for element in world.kept.ok("/sessions/sess-1").page.elements]
    assert {(link or "").partition("#")[2] for link in links if link} - {"main"} <= set(ids)
    assert "1 match" in words(world.kept.ok("/search?q=tests+green&speaker=bob"))
    assert "0 matches" in words(world.kept.ok("/search?q=tests+green&speaker=alice"))
    assert "quotation mark" in words(world.kept.ok("/search?q=%22open"))
    (chat,) = [
        element.attributes["href"]
        for element in world.kept.ok("/search?q=Draft").page.named("a")
        if "#written" in (element.attributes["href"] or "")
    ]
    assert (chat or "").partition("#")[2] in ids
    assert "archive" in words(world.live.get("/search?q=Thursday"))
    assert world.live.get("/search?q=Thursday").status == 404


def test_health(world: World) -> None:
    text = words(world.kept.ok("/health"))
    assert "All sessions up to" in text
    assert "COPIED" in text
    assert world.live.get("/health").status == 404
    assert world.live.post("/health").status == 404


def test_verification(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    folder = put_session(archive, "s1", transcript=transcript((0, "Alice", "hello")))
    update(archive)
    (tmp_path / folder / "transcript.csv").unlink()
    with over(archive) as server:
        client = opened(server)
        assert client.post("/health", deep="on").headers["location"] == "/health#verification"
        for thread in threading.enumerate():
            if thread.name == "verify":
                thread.join()
        text = words(client.ok("/health"))
        assert "transcript.csv" in text
        assert re.search(r"\d+ problems? in 1 session", text)


def test_an_empty_archive(tmp_path: Path) -> None:
    with over(make_archive(tmp_path)) as server:
        client = opened(server)
        assert "There are no sessions yet" in words(client.ok("/"))
        assert "Nobody found" in words(client.ok("/people"))
        assert "0 matches" in words(client.ok("/search?q=anything"))
        assert "Nothing is proven yet" in words(client.ok("/health"))


def test_a_session_without_anything(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    put_session(archive, "bare", None, session={"meeting_display_name": None})
    put_session(archive, "half", participants=people("Alice"), transcript=transcript((0, "Alice", "hello")))
    update(archive)
    with over(archive) as server:
        client = opened(server)
        assert "Untitled session" in words(client.ok("/"))
        assert "Transcript" in words(client.ok("/sessions/bare"))
        assert not client.ok("/sessions/half").page.named("video")
        assert "Not available." in words(client.ok("/sessions/half"))


def test_new_sessions_appear(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    put_session(archive, "s1", participants=people("Alice", "Bob"))
    update(archive)
    with over(archive) as server:
        client = opened(server)
        assert "1 session" in words(client.ok("/"))
        put_session(archive, "s2", participants=people("Alice"))
        update(archive)
        assert "2 sessions" in words(client.ok("/"))
        row = re.search(r"Alice custom-alice (\d+)", words(client.ok("/people")))
        assert row is not None
        assert row[1] == "2"


def test_many_sessions_are_paged(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    for number in range(120):
        put_session(archive, f"s{number:03}", session={"associated_id": f"m{number % 2}"})
    update(archive)
    with over(archive) as server:
        client = opened(server)
        pages = [words(client.ok(f"/?page={number}&sort=title&order=asc")) for number in (1, 2, 3, 4)]
        found = [re.findall(r"Session (s\d+)", page) for page in pages]
        assert [len(page) for page in found] == [50, 50, 20, 0]
        assert sum(found, []) == [f"s{number:03}" for number in range(120)]  # noqa: RUF017 - few
        assert "51 to 100 of 120 sessions" in pages[1]
        assert "1 to 50 of 60 sessions" in words(client.ok("/?meeting=m1"))
        (following,) = [e for e in client.ok("/?meeting=m1").page.named("a") if e.attributes.get("rel") == "next"]
        assert following.attributes["href"] == "?meeting=m1&page=2"


def test_no_network() -> None:
    with (
        RealtimeKit(
            api_token="s3cret-token", account_id="a", app_id="b", base_url="http://127.0.0.1:9/client/v4", max_retries=0
        ) as client,
        Server(create_app(client)) as server,
    ):
        plain = opened(server)
        for path in ("/", "/people", "/sessions/s", "/recordings/r/video"):
            answer = plain.get(path)
            assert answer.status == 502
            assert "The server cannot be reached" in words(answer)
            assert "s3cret-token" not in answer.text


def test_an_archive_that_is_damaged_later(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    folder = put_session(archive, "s1")
    update(archive)
    with over(archive) as server:
        client = opened(server)
        (tmp_path / folder / "manifest.json").unlink()
        answer = client.get("/sessions/s1")
        assert answer.status == 502
        assert "manifest.json is missing" in words(answer)


def test_a_page_that_fails_tells_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("s3cret-detail")

    monkeypatch.setattr(world.kept.server.app.state.console.tables, "sessions", fail)
    answer = world.kept.get("/")
    assert answer.status == 500
    assert "s3cret-detail" not in answer.text
    assert "This page failed" in words(answer)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_pages_say_how_long_they_took(world: World) -> None:
    assert re.fullmatch(r"page;dur=\d+\.\d", world.kept.ok("/").headers["server-timing"])


def test_the_archive_is_named(world: World) -> None:
    assert isinstance(world.archive, Archive)
    assert f"archive {world.archive.target}" in words(world.kept.ok("/"))
    assert "emulator app-1" in words(world.live.ok("/"))
