"""`participants.ensure`, and errors about presets that do not exist."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from realtimekit import APIConnectionError, APIError, NotFoundError, PermissionDeniedError, ValidationError

from .operation import call
from .scripted import Mode, Script, Step, default_to, error, ok, paging_of
from .shapes import PERSON, PRESET_IN_LIST, WITH_TOKEN

PEOPLE = "/app/meetings/m/participants"
WHO: dict[str, Any] = {"custom_participant_id": "ann-1", "preset_name": "group_call_host"}
ANN = {**PERSON, "id": "p"}
OTHER = {**PERSON, "id": "q", "custom_participant_id": "bob-1"}
LIST = call("GET", PEOPLE, page_no="1")
TOKEN = call("POST", f"{PEOPLE}/p/token")


def ensured(mode: Mode, script: Script, **given: Any) -> Any:
    people = mode.client(script).meetings.ref("m").participants
    return mode.get(people.ensure(**{**WHO, **given}))


class TestName:
    """Without a name, or with null, the platform's front ends reject the token."""

    @pytest.mark.parametrize(
        ("given", "sent"), [({}, "ann-1"), ({"name": None}, "ann-1"), ({"name": "Ann"}, "Ann"), ({"name": ""}, "")]
    )
    def test_a_token_has_one(self, mode: Mode, given: Any, sent: str) -> None:
        script = Script(ok(WITH_TOKEN), ok({"id": "p"}))
        people = mode.client(script).meetings.ref("m").participants
        mode.get(people.create(**WHO, **given))
        mode.get(people.ref("p").replace(**WHO, **given))
        assert [each.body["name"] for each in script.calls] == [sent, sent]


class TestEnsure:
    def test_a_missing_participant_is_created(self, mode: Mode) -> None:
        script = Script(ok([OTHER], paging_of(1, 1, 1)), ok(WITH_TOKEN))
        person = ensured(mode, script, picture=None)
        assert script.calls == [LIST, call("POST", PEOPLE, {"name": "ann-1", **WHO, "picture": None})]
        assert person.token.reveal() == WITH_TOKEN["token"]

    def test_an_existing_participant_gets_a_token(self, mode: Mode) -> None:
        script = Script(ok([OTHER, ANN], paging_of(2, 1, 2)), ok({"token": "t"}))
        person = ensured(mode, script)
        assert script.calls == [LIST, TOKEN]
        assert (person.id, person.name, person.token.reveal()) == ("p", "Ann", "t")

    def test_a_participant_on_a_later_page_is_found(self, mode: Mode) -> None:
        script = Script(ok([OTHER], paging_of(3, 1, 1)), ok([ANN], paging_of(3, 2, 2)), ok({"token": "t"}))
        assert ensured(mode, script).id == "p"
        assert script.calls == [LIST, call("GET", PEOPLE, page_no="2"), TOKEN]

    @pytest.mark.parametrize(
        ("given", "changes"),
        [
            ({"preset_name": "guest"}, {"preset_name": "guest"}),
            ({"name": "Ann B."}, {"name": "Ann B."}),
            ({"picture": None, "name": "Ann"}, {"picture": None}),
        ],
    )
    def test_differences_are_updated_and_the_response_has_the_token(self, mode: Mode, given: Any, changes: Any) -> None:
        script = Script(ok([ANN], paging_of(1, 1, 1)), ok({**ANN, **changes, "token": "t"}))
        person = ensured(mode, script, **given)
        assert script.calls == [LIST, call("PATCH", f"{PEOPLE}/p", changes)]
        assert person.token.reveal() == "t"
        assert {name: person[name] for name in changes} == changes

    def test_a_token_is_always_returned(self, mode: Mode) -> None:
        script = Script(ok([ANN], paging_of(1, 1, 1)), ok({**ANN, "name": "B"}), ok({"token": "t"}))
        assert ensured(mode, script, name="B").token.reveal() == "t"
        assert script.calls[-1] == TOKEN

    def test_options(self, mode: Mode) -> None:
        script = Script(ok([ANN], paging_of(1, 1, 1)), ok({"token": "t"}))
        ensured(mode, script, timeout=7)
        assert [request.timeout for request in script.requests] == [7, 7]
        script = Script(ok([], paging_of(0, 0, 0)), ok(WITH_TOKEN))
        ensured(mode, script, extra_body={"x": 1})
        assert script.calls[1].body == {"name": "ann-1", **WHO, "x": 1}

    def test_no_name_keeps_the_present_one(self, mode: Mode) -> None:
        script = Script(ok([ANN], paging_of(1, 1, 1)), ok({"token": "t"}))
        ensured(mode, script, name=None)
        assert script.calls == [LIST, TOKEN]

    @pytest.mark.parametrize("missing", WHO)
    def test_both_names_are_needed(self, mode: Mode, missing: str) -> None:
        given = {name: value for name, value in WHO.items() if name != missing}
        with pytest.raises(TypeError, match=f"ensure\\(\\) needs {missing}"):
            mode.get(mode.client(Script()).meetings.ref("m").participants.ensure(**given))

    def test_on_the_class_and_the_client(self, mode: Mode) -> None:
        from realtimekit import Participant

        script = Script(*[ok([ANN], paging_of(1, 1, 1)), ok({"token": "t"})] * 2)
        default_to(script)
        by_class = Participant.ensure(meeting_id="m", **WHO)
        by_client = mode.get(mode.client(script).participants.ensure(meeting_id="m", **WHO))
        assert by_class == by_client
        assert script.calls == [LIST, TOKEN] * 2


PRESETS = call("GET", "/app/presets")
FOUND = ok([PRESET_IN_LIST, {"id": "2", "name": "guest"}], paging_of(2, 1, 2))
CALLS: dict[str, Any] = {
    "create": lambda people: people.create(**WHO),
    "update": lambda people: people.ref("p").update(preset_name="gst"),
    "replace": lambda people: people.ref("p").replace(**WHO),
}


@pytest.mark.parametrize("name", CALLS)
class TestUnknownPreset:
    def fail(self, mode: Mode, name: str, *steps: Step) -> tuple[APIError, Script]:
        script = Script(*steps)
        with pytest.raises(APIError) as caught:
            mode.get(CALLS[name](mode.client(script).meetings.ref("m").participants))
        return caught.value, script

    @pytest.mark.parametrize(
        ("status", "message", "kind"),
        [
            (400, "No preset found with name gst", ValidationError),
            (404, "Preset not found", NotFoundError),
            (422, "`preset_name` is invalid", ValidationError),
        ],
    )
    def test_the_error_lists_the_existing_presets(
        self, mode: Mode, name: str, status: int, message: str, kind: Any
    ) -> None:
        failure, script = self.fail(mode, name, error(status, message, cf_ray="ray"), FOUND)
        assert type(failure) is kind
        assert str(failure).endswith(f"{message}; the presets of this app: 'group_call_host', 'guest'")
        assert (failure.status, failure.code, failure.message, failure.request_id) == (status, status, message, "ray")
        assert failure.body["error"]["message"] == message
        assert script.calls[1] == PRESETS
        assert str(pickle.loads(pickle.dumps(failure))) == str(failure)

    @pytest.mark.parametrize(
        "steps",
        [
            [error(404, "No meeting")],
            [error(403, "this preset is not yours")],
            [error(409, "preset")],
            [error(404, "no preset"), error(403)],
            [error(404, "no preset"), error(500)],
            [error(404, "no preset"), APIConnectionError("x", maybe_processed=True)],
            [error(404, "no preset"), ok("<html>")],
        ],
    )
    def test_other_errors_are_unchanged(self, mode: Mode, name: str, steps: list[Step]) -> None:
        failure, script = self.fail(mode, name, *steps)
        assert "presets of this app" not in str(failure)
        assert failure.path.startswith(PEOPLE.replace("/app", "/accounts/acc/realtime/kit/app"))
        assert len(script.calls) == len(steps)
        assert not isinstance(failure, PermissionDeniedError) or len(steps) == 1

    def test_no_preset_at_all(self, mode: Mode, name: str) -> None:
        failure, _ = self.fail(mode, name, error(404, "no preset"), ok([]))
        assert str(failure).endswith("; this app has no presets")

    def test_presets_beyond_the_first_page_are_counted(self, mode: Mode, name: str) -> None:
        failure, _ = self.fail(mode, name, error(404, "no preset"), ok([PRESET_IN_LIST], paging_of(31, 1, 1)))
        assert str(failure).endswith("the presets of this app: 'group_call_host' and 30 more")


def test_ensure_lists_the_presets_too(mode: Mode) -> None:
    script = Script(ok([], paging_of(0, 0, 0)), error(404, "no preset"), FOUND)
    with pytest.raises(NotFoundError, match="'guest'"):
        ensured(mode, script)
