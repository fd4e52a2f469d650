"""What real accounts were seen to answer, where it differs from the API's description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realtimekit import (
    ConflictError,
    DecodeError,
    NotFoundError,
    PermissionDeniedError,
    RealtimeKit,
    ValidationError,
)
from realtimekit.emulator import Emulator
from realtimekit.transports.emulator import connected

from .scripted import Mode, Script, error, make_response, ok


class TestNoWebhooks:
    """Some apps without webhooks get 404 for the list of them; whoever names an unknown app, too."""

    APP = ok({"id": "app", "name": "x"})

    @pytest.mark.parametrize(
        ("read", "empty"),
        [
            (lambda webhooks: webhooks.all(), []),
            (lambda webhooks: webhooks.where().first(), None),
            (lambda webhooks: webhooks.count(), 0),
            (lambda webhooks: webhooks.page(1), []),
            (lambda webhooks: webhooks.prefetch(3).limit(2).all(), []),
        ],
    )
    def test_are_an_empty_list(self, mode: Mode, read: Callable[[Any], Any], empty: Any) -> None:
        script = Script(error(404), self.APP)
        assert mode.get(read(mode.client(script).webhooks)) == empty
        assert [sent.path for sent in script.calls] == ["/app/webhooks", "/apps/app"]

    def test_of_another_app(self, mode: Mode) -> None:
        script = Script(error(404), self.APP)
        assert mode.get(mode.client(script).webhooks.where(app_id="other").all()) == []
        assert [sent.path for sent in script.calls] == ["/other/webhooks", "/apps/other"]

    def test_of_an_unknown_app_are_an_error(self, mode: Mode) -> None:
        script = Script(error(404, "no webhooks"), error(404, "no app"))
        with pytest.raises(NotFoundError, match=r"GET .*/app/webhooks returned 404: no webhooks"):
            mode.get(mode.client(script).webhooks.all())

    def test_are_an_error_if_the_app_cannot_be_checked(self, mode: Mode) -> None:
        with pytest.raises(PermissionDeniedError, match="/apps/app returned 403"):
            mode.get(mode.client(Script(error(404), error(403))).webhooks.all())

    def test_other_lists_are_an_error(self, mode: Mode) -> None:
        script = Script(error(404))
        with pytest.raises(NotFoundError):
            mode.get(mode.client(script).presets.all())
        assert len(script.calls) == 1


def test_no_webhooks_of_the_emulator_as_observed() -> None:
    with Emulator(observed=True) as emulator:
        client = RealtimeKit(**connected(emulator))
        webhooks = client.webhooks
        assert (webhooks.all(), webhooks.first(), webhooks.count(), list(webhooks)) == ([], None, 0, [])
        made = webhooks.create(name="w", url="https://example.com/", events=["meeting.ended"])
        assert webhooks.all() == [made]
        with pytest.raises(ConflictError, match="already exists"):
            webhooks.create(name="v", url="https://example.com/", events=["meeting.started"])
        with pytest.raises(ValidationError, match="must be a valid GUID"):
            webhooks.find("w")
        with pytest.raises(NotFoundError):
            webhooks.where(app_id="unknown").all()
        preset = client.presets.where(search="host").first()
        assert preset is not None
        preset_id = preset.id
        assert preset.update(name="lecturer").name == "lecturer"
        assert preset.id == preset_id, "the response lacks it"


class TestWritesWithoutARecord:
    """A write that is answered without the record has succeeded."""

    @pytest.mark.parametrize("answer", [ok(None), make_response({"success": True}), make_response(None, 204)])
    @pytest.mark.parametrize(
        "write",
        [
            lambda c: c.meetings.ref("m").update(title="x"),
            lambda c: c.meetings.ref("m").replace(title="x"),
            lambda c: c.webhooks.ref("w").update(enabled=False),
            lambda c: c.presets.ref("p").update(name="x"),
            lambda c: c.recordings.ref("r").stop(),
            lambda c: c.sessions.ref("s").generate_summary(),
            lambda c: c.meetings.ref("m").participants.ref("p").update(name="x"),
        ],
    )
    def test_keeps_the_record(self, mode: Mode, write: Callable[[Any], Any], answer: Any) -> None:
        record = mode.get(write(mode.client(Script(answer))))
        assert "success" not in record.to_dict()

    @pytest.mark.parametrize(
        "create",
        [
            lambda c: c.meetings.create(title="x"),
            lambda c: c.apps.create(name="x"),
            lambda c: c.webhooks.create(name="x", url="https://example.com", events=["meeting.ended"]),
            lambda c: c.recordings.create(meeting_id="m"),
            lambda c: c.meetings.ref("m").participants.create(custom_participant_id="c", preset_name="h"),
            lambda c: c.meetings.ref("m").start_livestream(),
        ],
    )
    def test_a_created_record_without_its_id(self, mode: Mode, create: Callable[[Any], Any]) -> None:
        script = Script(ok(None))
        record = mode.get(create(mode.client(script)))
        assert record.to_dict() == {}
        with pytest.raises(DecodeError, match="has no 'id'"):
            _ = record.id

    def test_a_missing_token_is_an_error(self, mode: Mode) -> None:
        with pytest.raises(DecodeError):
            mode.get(mode.client(Script(ok(None))).meetings.ref("m").participants.ref("p").regenerate_token())

    def test_a_read_is_an_error(self, mode: Mode) -> None:
        with pytest.raises(DecodeError):
            mode.get(mode.client(Script(ok(None))).meetings.ref("m").reload())
