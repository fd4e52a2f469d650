"""The documentation site: its navigation, its reference, and what `make docs` finds wrong with a page."""

from __future__ import annotations

import re
from pathlib import Path

import griffe
import jinja2
import pytest
from tools.site.check import problems
from tools.site.llms import Reference, texts
from tools.site.pages import DOCS, GENERATED, ROOT, ROOT_PAGES, navigation, pages, with_links_for


def test_every_page_is_in_the_navigation_once() -> None:
    listed = [path for _, _, path in navigation()]
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    assert sorted(listed) == sorted([*pages, *GENERATED, *ROOT_PAGES.values()])


GOOD = (
    '<h1 id="a">A</h1><img src="p.png" alt=""><a href="#a"></a><a href="b.html#b"></a><a href="https://example.com/">'
)


@pytest.mark.parametrize(
    ("html", "wrong"),
    {
        GOOD: None,
        '<link rel="canonical" href="https://example.com/"><a href="/base/b.html">': None,
        '<a href="/other/x.html">': None,
        '<a href="c.html">': "the link c.html leads nowhere",
        '<a href="/base/c.html">': "the link /base/c.html leads nowhere",
        '<a href="b.html#c">': "the link b.html#c leads to no heading",
        '<a href="#c">': "the link #c leads to no heading",
        '<p id="a"><p id="a">': "has the id 'a' twice",
        '<img src="p.png">': "the picture p.png has no alt text",
        '<img src="q.png" alt="">': "q.png does not exist",
        '<script src="//cdn.example.com/a.js"></script>': "loads //cdn.example.com/a.js",
        '<link rel="stylesheet" href="https://example.com/a.css"/>': "loads https://example.com/a.css",
        '<link rel="preconnect" href="https://example.com">': "loads https://example.com",
        '<img srcset="p.png 1x, https://example.com/p.png 2x" alt="">': "loads https://example.com/p.png",
        "<p style='background: url(\"http://example.com/p.png\")'>": "loads http://example.com/p.png",
        "<style>@import 'https://example.com/a.css';</style>": "loads https://example.com/a.css",
    }.items(),
)
def test_what_is_wrong_with_a_page_is_found(html: str, wrong: str | None, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(html, encoding="utf-8")
    (tmp_path / "b.html").write_text('<h2 id="b">B</h2>', encoding="utf-8")
    (tmp_path / "p.png").touch()
    assert problems(tmp_path, "/base/") == ([f"a.html: {wrong}"] if wrong else [])


def test_what_a_style_sheet_loads_is_found(tmp_path: Path) -> None:
    sheet = "@import url(//example.com/a.css); a { background: url(data:image/png;base64,AA) }"
    (tmp_path / "a.css").write_text(sheet, encoding="utf-8")
    assert problems(tmp_path) == ["a.css: loads //example.com/a.css"]


# --- the pages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "wanted"),
    {
        "[a](cli.md)": "[a](../cli.md)",
        "[a](webhooks/django.md#x)": "[a](django.md#x)",
        "[a](../CHANGELOG.md)": "[a](../changelog.md)",
        "[a](../benchmarks/README.md)": (
            "[a](https://github.com/realtimekit-python/realtimekit/blob/main/benchmarks/README.md)"
        ),
        "[a](#here)": "[a](#here)",
        "[a](https://example.com/cli.md)": "[a](https://example.com/cli.md)",
        "```\n[a](cli.md)\n```": "```\n[a](cli.md)\n```",
    }.items(),
)
def test_links_lead_to_pages_or_into_the_repository(link: str, wanted: str) -> None:
    assert with_links_for("webhooks/x.md", link, ROOT / "docs" / "x.md") == wanted


def test_every_command_has_its_options() -> None:
    page = pages()["commands.md"]
    assert "`realtimekit archive sync`" in page
    assert "| `--every DURATION` |" in page
    assert "--help" not in page.partition("## ")[2]


# --- the reference ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference()


def member(reference: Reference, path: str) -> griffe.Function:
    found = reference.package[f"resources.{path}"]
    assert isinstance(found, griffe.Function), found
    return found


FIND = "find(id: str, /, *, include_breakout_rooms: bool | None = None, **options: Unpack[ScopedOptions]) -> Session"
ALL_APPS = (
    "all(*, search: str = ..., sort_order: Literal['ASC', 'DESC'] = ..., page_no: int = ..., per_page: int = ..., "
    "account_id: str = ..., **options: Unpack[RequestOptions]) -> list[App]"
)
CREATE = (
    "create(*, custom_participant_id: str, preset_name: str, name: str | None = ..., picture: str | None = ..., "
    "meeting_id: str = ..., **options: Unpack[ScopedOptions]) -> Participant"
)
QUALITY = (
    "quality(*, concurrency: int = 4, thresholds: quality_thresholds.Thresholds | None = None, "
    "keep_reports: bool = False) -> session_quality.SessionQuality"
)
STOP = "stop_livestream(**options: Unpack[RequestOptions]) -> None"


@pytest.mark.parametrize(
    ("path", "label", "signature"),
    [
        ("session.Sessions.find", "await if async", FIND),
        ("session.Session.find", "class method", FIND),
        ("session.Session.ref", "class method", "ref(id: str, /, **options: Unpack[ScopedOptions]) -> Session"),
        ("session.Session.quality", "await if async", QUALITY),
        ("app.App.all", "class method", ALL_APPS),
        ("participant.Participants.create", "await if async", CREATE),
        ("meeting.Meeting.end", "await if async", "end(**options: Unpack[RequestOptions]) -> Meeting"),
        ("meeting.Meeting.stop_livestream", "await if async", STOP),
    ],
)
def test_a_method_is_shown_as_it_is_called(reference: Reference, path: str, label: str, signature: str) -> None:
    method = member(reference, path)
    assert method.signature() == signature
    assert label in method.labels


def test_a_method_for_either_client_is_shown_once(reference: Reference) -> None:
    sync = reference.package["archive.archive.Archive.sync"]
    assert isinstance(sync, griffe.Function)
    assert sync.signature().startswith("sync(client: RealtimeKit | AsyncRealtimeKit, *, since: datetime | None = ...")
    assert str(sync.returns) == "SyncResult"
    assert "await if async" in sync.labels
    assert not sync.overloads
    assert sync.docstring is not None
    (table,) = [part for part in sync.docstring.parsed if isinstance(part, griffe.DocstringSectionParameters)]
    assert [row.name for row in table.value][:2] == ["client", "since"]


FIND_PARTICIPANT = """(
    id: str,
    /,
    *,
    meeting_id: str = ...,
    **options: Unpack[ScopedOptions],
) -> Participant"""
ORDER_BY = """(
    field: Literal[
        "created_at",
        "-created_at",
        "minutes_consumed",
        "-minutes_consumed",
    ] | str,
    /,
) -> Sessions"""


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("recording.Recording.stop", "(**options: Unpack[RequestOptions]) -> Recording"),
        ("session.Session.ref", "(\n    id: str, /, **options: Unpack[ScopedOptions]\n) -> Session"),
        ("participant.Participants.find", FIND_PARTICIPANT),
        ("session.Sessions.order_by", ORDER_BY),
    ],
)
def test_a_long_signature_has_a_line_for_each_parameter(reference: Reference, path: str, shown: str) -> None:
    templates = jinja2.ChoiceLoader(
        [
            jinja2.FileSystemLoader(ROOT / "tools/site/templates/python/material"),
            jinja2.DictLoader({"expression.html.jinja": "{{ expression | safe }}"}),
        ]
    )
    template = jinja2.Environment(loader=templates, autoescape=True).get_template("signature.html.jinja")
    config = {"show_signature": True, "show_signature_annotations": True}
    assert template.render(function=member(reference, path), config=config) == shown


def test_what_loads_a_record_is_shown_as_the_record(reference: Reference) -> None:
    session = reference.package["resources.session.Session"]
    shown = {name: (str(session[name].annotation), session[name].labels) for name in ("chat", "meeting", "recordings")}
    assert "await if async" in shown["chat"][1] & shown["meeting"][1]
    assert [annotation for annotation, _ in shown.values()] == ["Chat", "meetings.Meeting", "recording.Recordings"]


def test_keywords_have_their_types_and_comments(reference: Reference) -> None:
    sections = member(reference, "session.Sessions.where").docstring.parsed  # type: ignore[union-attr]
    (table,) = [section for section in sections if isinstance(section, griffe.DocstringSectionParameters)]
    shown = {row.name: (str(row.annotation), row.description) for row in table.value}
    assert shown["associated_id"] == ("str", "the id of a meeting")
    assert shown["sort_order"] == ("Literal['ASC', 'DESC']", "")


def test_fields_are_a_table_with_those_of_the_base(reference: Reference) -> None:
    text = reference.expand("::: realtimekit.Session\n")
    assert "- `associated_id: str | None`: The id of the meeting." in text
    assert "- `started_at: datetime | None`" in text
    assert "- `id: str`" in reference.expand("::: realtimekit.resources.participant.Participant\n")


@pytest.mark.parametrize(
    ("path", "bases"),
    [
        ("resources.session.Session", ["Resource"]),
        ("resources.meeting.Meeting", ["Resource"]),
        ("webhooks.router.Router", []),
        ("client.RealtimeKit", ["BaseClient"]),
        ("errors.NotFoundError", ["APIError"]),
        ("resources.participant.NewParticipant", ["ParticipantFields", "MeetingScopedOptions"]),
    ],
)
def test_internal_bases_are_not_shown(reference: Reference, path: str, bases: list[str]) -> None:
    assert [str(base) for base in reference.package[path].bases] == bases


def test_no_mechanism_is_shown(reference: Reference) -> None:
    shown = reference.expand("\n".join(path.read_text(encoding="utf-8") for path in (DOCS / "reference").glob("*.md")))
    assert len(shown) > 100_000
    found = re.findall(r".*(?:\bFlow\[|\[F\]|, F\]|HasOne\[|\[Sync\](?!`)|Unpack\[(?!\w*Options\])).*", shown)
    assert [line for line in found if ".run(flow: Flow[T]" not in line] == []


def test_every_public_name_is_in_the_reference(reference: Reference) -> None:
    """`tests/public_api.txt` lists them; what a class inherits is shown with it."""
    recorded = (ROOT / "tests" / "public_api.txt").read_text(encoding="utf-8")
    homes = re.findall(
        r"^(?:class |(?:@\S+ )?(?:async )?def )(realtimekit[\w.]*\.(?!_|Base)\w+)(?=[(\s])", recorded, re.MULTILINE
    )
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (DOCS / "reference").glob("*.md"))
    directives = re.findall(r"^::: realtimekit\.(\S+)", pages, re.MULTILINE)
    shown = {reference.package[path].canonical_path for path in directives}
    assert len(directives) == len(shown) > 300
    internal = [
        "operation",
        "resource",
        "flow",
        "agent",
        "other_sdks",
        "associations",
        "archive.ledger",
        "archive.store",
        "emulator.services",
        "resources.session_record",
        "webhooks.endpoint.Delivery",
        "webhooks.router.HandlerDecorator",
    ]
    assert {home for home in homes if not home.startswith(tuple(f"realtimekit.{name}" for name in internal))} <= shown


# --- for language models ----------------------------------------------------------------------------------------------


def test_llms_txt_lists_every_page_and_the_other_contains_them(reference: Reference) -> None:
    made = texts(pages(), reference)
    assert made["llms.txt"].startswith("# realtimekit\n\n> The Python SDK for Cloudflare RealtimeKit")
    assert "/attendance.md): `meeting.attendance()` returns who attended the sessions of a meeting" in made["llms.txt"]
    assert "/presets.md): Presets: the permissions and the design of a participant's client.\n" in made["llms.txt"]
    for _, _, path in navigation():
        assert f"/{path})" in made["llms.txt"]
        assert made[path].strip() in made["llms-full.txt"]
    assert "Session.find(id: str, /," in made["llms-full.txt"]
    assert "\n:::" not in made["llms-full.txt"]
