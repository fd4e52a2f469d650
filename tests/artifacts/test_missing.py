"""Why a file is missing: found out by requesting the session and its meeting; in doubt, the plain error."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

import pytest

from realtimekit import APIConnectionError, NotFoundError, RealtimeKit, Session
from realtimekit.emulator import Emulator
from realtimekit.errors import ArtifactError, ArtifactExpiredError, ArtifactNotEnabledError, ArtifactNotReadyError
from realtimekit.interfaces import Response
from tests.core.scripted import Mode, Script, error, lost, make_response, ok

MISSING = error(404, "No such file")
NOW = "Wed, 10 Jun 2026 10:00:00 GMT"
ENDED = {"id": "s", "status": "ENDED", "associated_id": "m"}


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def mode(request: pytest.FixtureRequest) -> Mode:
    return Mode(asynchronous=request.param)


def session(now: str = NOW, **fields: Any) -> Response:
    return ok({**ENDED, **fields})._replace(headers={"date": now})


def settings(**fields: bool) -> Response:
    return ok({"id": "m", "persist_chat": False, "transcribe_on_end": False, "summarize_on_end": False, **fields})


def missing(mode: Mode, kind: str, *answers: Any) -> tuple[NotFoundError, Script]:
    script = Script(MISSING, *answers)
    with pytest.raises(NotFoundError) as caught:
        mode.get(getattr(mode.client(script).sessions.ref("s"), kind))
    assert (caught.value.status, caught.value.message) == (404, "No such file")
    assert "No such file" in str(caught.value)
    assert caught.value.path.endswith(f"/app/sessions/s/{kind}")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy)) == (type(caught.value), str(caught.value))
    return caught.value, script


JUST_ENDED, LONG_AGO = "2026-06-10T09:59:00.000Z", "2026-06-03T09:59:59.000Z"


@pytest.mark.parametrize("kind", ["chat", "transcript", "summary"])
class TestAny:
    def test_while_the_session_is_live(self, mode: Mode, kind: str) -> None:
        error, script = missing(mode, kind, session(status="LIVE", ended_at=None))
        assert type(error) is ArtifactNotReadyError
        assert "when the session ends" in str(error)
        assert [call.path for call in script.calls[1:]] == ["/app/sessions/s"]

    def test_after_seven_days(self, mode: Mode, kind: str) -> None:
        error, script = missing(mode, kind, session(ended_at=LONG_AGO))
        assert type(error) is ArtifactExpiredError
        assert "kept for 7 days, and the session ended at 2026-06-03 09:59 UTC" in str(error)
        assert ("persist_chat=True" in str(error)) == (kind == "chat")
        assert len(script.calls) == 2

    @pytest.mark.parametrize(
        "answers",
        [
            [error(404)],
            [error(500)],
            [lost()],
            [make_response("<html>")],
            [ok(None)],
            [session(ended_at=None)],
            [session(ended_at="yesterday")],
            [session(ended_at=5)],
            [session(ended_at=JUST_ENDED), error(403)],
            [session(ended_at=JUST_ENDED), lost()],
            [session(ended_at=JUST_ENDED), ok({"id": "m"})],
            [session(ended_at=JUST_ENDED, associated_id=None)],
            [session(ended_at=JUST_ENDED, associated_id="..")],
        ],
    )
    def test_in_doubt_it_is_the_plain_error(self, mode: Mode, kind: str, answers: list[Any]) -> None:
        script = Script(MISSING, *answers)
        with pytest.raises(NotFoundError) as caught:
            mode.get(getattr(mode.client(script).sessions.ref("s"), kind))
        assert type(caught.value) is NotFoundError

    def test_another_error_is_left_alone(self, mode: Mode, kind: str) -> None:
        with pytest.raises(APIConnectionError):
            mode.get(getattr(mode.client(Script(lost()), max_retries=0).sessions.ref("s"), kind))


@pytest.mark.parametrize(("kind", "setting"), [("transcript", "transcribe_on_end"), ("summary", "summarize_on_end")])
class TestSettings:
    def test_it_was_not_enabled(self, mode: Mode, kind: str, setting: str) -> None:
        error, script = missing(mode, kind, session(ended_at=JUST_ENDED), settings())
        assert type(error) is ArtifactNotEnabledError
        assert f"{setting}=False: set that to True" in str(error)
        assert [call.path for call in script.calls[1:]] == ["/app/sessions/s", "/app/meetings/m"]

    def test_it_takes_a_while(self, mode: Mode, kind: str, setting: str) -> None:
        on: Mapping[str, bool] = {setting: True}
        error, _ = missing(mode, kind, session(ended_at=JUST_ENDED), settings(**on))
        assert type(error) is ArtifactNotReadyError
        assert "try again later" in str(error)


def test_a_missing_chat_has_no_known_reason(mode: Mode) -> None:
    error, _ = missing(mode, "chat", session(ended_at=JUST_ENDED))
    assert type(error) is NotFoundError


def test_no_link_yet(mode: Mode) -> None:
    script = Script(ok({"sessionId": "s"}), ok({"sessionId": "s"}))
    summary = mode.get(mode.client(script).sessions.ref("s").summary)
    with pytest.raises(ArtifactNotReadyError, match="has no link to download yet") as caught:
        mode.get(summary.text())
    assert caught.value.status == 200
    assert [call.method for call in script.calls] == ["GET", "GET"], "it was read again before giving up"


def test_all_are_one_kind_of_not_found() -> None:
    for kind in (ArtifactNotReadyError, ArtifactExpiredError, ArtifactNotEnabledError):
        assert issubclass(kind, ArtifactError)
        assert issubclass(kind, NotFoundError)


def test_at_the_emulator(realtimekit_emulator: Emulator, realtimekit_client: RealtimeKit) -> None:
    meeting = realtimekit_client.meetings.create(title="Weekly")
    person = meeting.participants.create(name="A", custom_participant_id="c", preset_name="group_call_host")
    live = Session.ref(realtimekit_emulator.join(meeting.id, person.id).session_id)
    for kind in ("chat", "transcript", "summary"):
        with pytest.raises(ArtifactNotReadyError):
            getattr(live, kind)
    realtimekit_emulator.end(meeting.id)
    assert live.chat.messages() == []
    with pytest.raises(ArtifactNotEnabledError, match="summarize_on_end"):
        _ = live.summary
