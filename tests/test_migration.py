"""The migration guides: every row is run, on an emulator in this process, and does what the page says.

The rows are in `tools/migration`; `make migration` writes them into docs/.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import httpx
import pytest
from cloudflare import Cloudflare, NotFoundError, RateLimitError
from tools.migration import cloudflare, dyte, ruby
from tools.migration.__main__ import DOCS, PAGES, written
from tools.migration.table import Row

import realtimekit
from realtimekit import RealtimeKit
from realtimekit.emulator import Emulator, http
from realtimekit.emulator.services.default_presets import default_presets
from realtimekit.interfaces import Request, Response
from realtimekit.relation import Relation
from realtimekit.transports.emulator import EmulatorTransport, connected
from tests.emulator.official.reading import methods, parameters

KIT = "/client/v4/accounts/{account_id}/realtime/kit"
CLASSES = {name: getattr(realtimekit, name) for name in realtimekit.__all__}
# What has to happen before a call can succeed.
BEFORE = {
    "meeting.start_livestream(": "meeting.stop_livestream()",
    "kit.livestreams.start_livestreaming_a_meeting(": "meeting.stop_livestream()",
    "recording.resume(": "recording.pause()",
}


class Sent(NamedTuple):
    """A request; the ids in it are their names, in braces."""

    method: str
    path: str
    query: dict[str, str]
    body: Any


class Tap(EmulatorTransport):
    """Sends requests to an emulator, those of the official package as well, and keeps them."""

    requests: list[httpx.Request]

    def send(self, request: Request, /) -> Response:
        self.requests.append(httpx.Request(request.method, request.url, content=request.content))
        return super().send(request)

    def send_theirs(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        query, headers = request.url.query.decode(), dict(request.headers)
        response = self.emulator.handle(http.Request(request.method, request.url.path, query, headers, request.content))
        return httpx.Response(response.status, headers=dict(response.headers), content=response.body)


class Stage:
    """An emulator with two meetings, one of which is over, a client of each package, and the names on the pages."""

    def __init__(self) -> None:
        self.emulator = Emulator()
        with RealtimeKit(**connected(self.emulator)) as client:
            self.ids = play(client, self.emulator)
        self.played = sqlite3.connect(":memory:")
        self.emulator.world.store._db.backup(self.played)
        self.clean = True
        self.tap = Tap(self.emulator)
        self.settings: dict[str, Any] = {**connected(self.emulator), "transport": self.tap}
        self.client = RealtimeKit(**self.settings)
        self.theirs = Cloudflare(
            api_token=self.emulator.api_token,
            base_url=self.settings["base_url"],
            http_client=httpx.Client(transport=httpx.MockTransport(self.tap.send_theirs)),
            max_retries=0,
        )

    def close(self) -> None:
        self.theirs.close()
        self.client.close()
        self.played.close()
        self.emulator.close()

    def rewind(self) -> None:
        """Undo what the last row has changed: faster than to play again."""
        with self.emulator.world.lock:
            self.played.backup(self.emulator.world.store._db)
        self.clean = True

    def run(self, code: str) -> tuple[Any, Sent]:
        """Return the value of a row's code, and the last request that it has sent."""
        if not self.clean:
            self.rewind()
        names = {**CLASSES, **self.names()}
        self.tap.requests = []
        for start, first in BEFORE.items():
            if code.startswith(start):
                eval(first, names)
        value = eval(code, names)
        if isinstance(value, Relation):
            value = value.all()
        self.clean = all(request.method == "GET" for request in self.tap.requests)
        return value, self.last_sent()

    def last_sent(self) -> Sent:
        request = self.tap.requests[-1]
        body = json.loads(request.content) if request.content else None
        text = json.dumps([request.method, request.url.path, dict(request.url.params), body])
        for name, known in self.ids.items():
            text = text.replace(known, f"{{{name}}}")
        return Sent(*json.loads(text))

    def names(self) -> Mapping[str, Any]:
        ids, client = self.ids, self.client
        meeting = client.meetings.ref(ids["meeting_id"])
        host = default_presets()[0]
        return {
            **ids,
            "ids": {"account_id": ids["account_id"], "app_id": ids["app_id"]},
            "kit": self.theirs.realtime_kit,
            "client": client,
            "meeting": meeting,
            "participant": meeting.participants.ref(ids["participant_id"]),
            "session": client.sessions.ref(ids["session_id"]),
            "recording": client.recordings.ref(ids["recording_id"]),
            "livestream": client.livestreams.ref(ids["livestream_id"]),
            "preset": client.presets.ref(ids["preset_id"]),
            "webhook": client.webhooks.ref(ids["webhook_id"]),
            "layers": {"voices": {}},
            **{part: host[part] for part in ("config", "permissions", "ui")},
        }


def play(client: RealtimeKit, emulator: Emulator) -> dict[str, str]:
    """Hold two meetings, and end the first. Returns the ids."""
    ended, live = (meet(client, emulator, title) for title in ("Planning", "Standup"))
    emulator.end(ended["meeting_id"])
    emulator.advance(60)
    session = client.sessions.ref(ended["session_id"])
    meeting = client.meetings.ref(live["meeting_id"])
    webhook = client.webhooks.create(name="ours", url="https://hooks.test/a", events=["meeting.started"])
    return {
        "account_id": emulator.account_id,
        "app_id": emulator.app_id,
        "meeting_id": live["meeting_id"],
        "participant_id": live["participant_id"],
        "session_id": ended["session_id"],
        "peer_id": ended["peer_id"],
        "recording_id": client.recordings.active_for(meeting.id).id,
        "livestream_id": meeting.active_livestream.id,
        "livestream_session_id": session.livestream_sessions()[0].id,
        "preset_id": client.presets.where(search="group_call_host").all()[0].id,
        "webhook_id": webhook.id,
    }


def meet(client: RealtimeKit, emulator: Emulator, title: str) -> dict[str, str]:
    meeting = client.meetings.create(
        title=title,
        record_on_start=True,
        live_stream_on_start=True,
        transcribe_on_end=True,
        summarize_on_end=True,
    )
    person = meeting.participants.create(name="Ann", custom_participant_id="ann", preset_name="group_call_host")
    peer = emulator.join(meeting.id, person.id)
    emulator.speak(peer.session_id, peer.peer_id, "Good morning", 0, 1000)
    emulator.chat(peer.session_id, peer.peer_id, "hello")
    emulator.advance(60)
    return {
        "meeting_id": meeting.id,
        "participant_id": person.id,
        "session_id": peer.session_id,
        "peer_id": peer.peer_id,
    }


@pytest.fixture(scope="module")
def played() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


@pytest.fixture
def stage(played: Stage) -> Stage:
    realtimekit.configure(**played.settings)  # for `Session.find(...)`
    return played


def must_be(value: Any, claim: str) -> None:
    """Assert that a value is of the class that a row names; a list must have something in it."""
    items = value
    if match := re.fullmatch(r"list\[(\w+)\]", claim):
        assert isinstance(value, list), f"{value!r} is no list"
        assert value, "the list is empty"
        claim = match[1]
    else:
        items = [value]
    assert {type(item).__name__ for item in items} == {claim.replace("None", "NoneType")}


@pytest.mark.parametrize("page", PAGES)
def test_the_page_has_the_table_that_make_migration_writes(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert text == written(page, text), "run make migration"


# --- from cloudflare


@pytest.mark.parametrize("row", cloudflare.rows(), ids=lambda row: row.theirs.partition("(")[0])
def test_both_packages_send_the_same_request(stage: Stage, row: Row) -> None:
    """Both are run. Ours may also say which page, and in which format."""
    theirs, sent_by_theirs = stage.run(row.theirs)
    ours, sent = stage.run(row.ours)
    must_be(ours, row.returns)
    assert theirs is not None, "the package has it elsewhere in the response"
    assert isinstance(theirs, list) == isinstance(ours, list)
    more = {name: value for name, value in sent.query.items() if name not in {"page_no", "format"}}
    assert sent._replace(query=more) == sent_by_theirs


def test_every_method_of_the_package_has_a_row(stage: Stage) -> None:
    rows = [row.theirs.partition("(")[0].removeprefix("kit.") for row in cloudflare.rows()]
    assert sorted(rows) == sorted(dict(methods(stage.theirs.realtime_kit)))
    assert len(rows) == 55


def test_the_keywords_that_are_shown_are_those_of_the_package(stage: Stage) -> None:
    for row in cloudflare.rows():
        name, shown = re.fullmatch(r"kit\.([\w.]+)\((.*?)\)[\w.]*", row.theirs).groups()  # type: ignore[union-attr]
        accepted = parameters(dict(methods(stage.theirs.realtime_kit))[name])
        assert set(re.findall(r"(\w+)=", shown)) <= accepted, row.theirs


def theirs_on(emulator: Emulator) -> Cloudflare:
    """The official package with its own retries; `retry-after-ms` in a fault makes it wait no longer."""
    tap = Tap(emulator)
    tap.requests = []
    return Cloudflare(
        api_token=emulator.api_token,
        base_url=connected(emulator)["base_url"],
        http_client=httpx.Client(transport=httpx.MockTransport(tap.send_theirs)),
    )


NOW = {"retry-after-ms": "1"}


class TestWhatThePageSaysOfThePackage:
    """Each of these would be a wrong sentence in docs/migrating-from-cloudflare.md, should a release change it."""

    @pytest.fixture
    def emulator(self) -> Iterator[Emulator]:
        with Emulator() as emulator:
            yield emulator

    @pytest.fixture
    def kit(self, emulator: Emulator) -> Iterator[Any]:
        with theirs_on(emulator) as client:
            yield client.realtime_kit

    @pytest.fixture
    def ids(self, emulator: Emulator) -> dict[str, str]:
        return {"account_id": emulator.account_id, "app_id": emulator.app_id}

    def test_a_post_is_sent_again(self, emulator: Emulator, kit: Any, ids: Any) -> None:
        emulator.add_fault(method="POST", status=502, carried_out=True, headers=NOW, times=1)
        kit.meetings.create(**ids, title="Weekly")
        with RealtimeKit(**connected(emulator)) as client:
            assert client.meetings.where(search="Weekly").count() == 2

    def test_a_conflict_is_sent_again(self, emulator: Emulator, kit: Any, ids: Any) -> None:
        emulator.add_fault(method="POST", status=409, headers=NOW, times=1)
        assert kit.meetings.create(**ids, title="Weekly").data.title == "Weekly"
        assert [request["status"] for request in emulator.requests()] == [409, 201]

    def test_a_long_retry_after_is_ignored(self, emulator: Emulator, ids: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        waits: list[float] = []
        monkeypatch.setattr("cloudflare._base_client.time.sleep", waits.append)
        emulator.add_fault(method="GET", status=429, headers={"retry-after": "300"})
        with theirs_on(emulator) as client, pytest.raises(RateLimitError):
            client.realtime_kit.meetings.get(**ids)
        assert len(waits) == 2
        assert max(waits) < 2

    def test_a_delete_whose_response_was_lost_fails(self, emulator: Emulator, kit: Any, ids: Any) -> None:
        hook = kit.webhooks.create_webhook(**ids, name="n", url="https://hooks.test", events=["meeting.ended"]).data
        emulator.add_fault(method="DELETE", status=502, carried_out=True, headers=NOW, times=1)
        with pytest.raises(NotFoundError):
            kit.webhooks.delete_webhook(hook.id, **ids)

    def test_an_error_of_realtimekit_has_no_errors(self, kit: Any, ids: Any) -> None:
        with pytest.raises(NotFoundError) as caught:
            kit.sessions.get_session_details("nobody", **ids)
        error: Any = caught.value
        assert error.errors is None
        assert error.body == {"success": False, "error": {"code": 404, "message": "Error: resource not found"}}

    def test_a_200_that_is_an_error_is_returned(self, emulator: Emulator, kit: Any, ids: Any) -> None:
        emulator.add_fault(method="GET", status=200, body={"success": False, "errors": [{"code": 1}]})
        assert kit.sessions.get_session_details("s", **ids).data is None

    def test_its_defaults(self) -> None:
        with Cloudflare(api_token="x") as client:
            assert client.max_retries == 2
            assert client.timeout == httpx.Timeout(60, connect=5)

    def test_the_times_of_a_session_are_strings(self, stage: Stage) -> None:
        session, _ = stage.run("kit.sessions.get_session_details(session_id, **ids).data")
        assert isinstance(session.started_at, str)

    def test_colors_and_measures_have_other_names_and_types(self, stage: Stage) -> None:
        preset, _ = stage.run("kit.presets.get_preset_by_id(preset_id, **ids).data")
        ours, _ = stage.run("client.presets.find(preset_id)")
        assert preset.ui.design_tokens.colors.brand.api_500 == ours.ui.design_tokens.colors.brand.shade_500 is not None


# --- from Dyte


@pytest.mark.parametrize("row", dyte.ROWS, ids=lambda row: row.theirs)
def test_the_path_is_the_one_of_dyte_below_the_app(stage: Stage, row: Row) -> None:
    value, sent = stage.run(row.ours)
    must_be(value, row.returns)
    assert f"{sent.method} {sent.path}" == row.theirs.replace(" ", f" {KIT}/{{app_id}}", 1)


# --- from Ruby


@pytest.mark.parametrize("row", ruby.ROWS, ids=lambda row: row.theirs)
def test_what_replaces_the_ruby_call_runs(stage: Stage, row: Row) -> None:
    value, _ = stage.run(row.ours)
    must_be(value, row.returns)
