"""Participants who are ensured, and presets that do not exist."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from realtimekit import APIConnectionError, APIError, NotFoundError, PermissionDeniedError, ValidationError

from .operation import call
from .scripted import Flavour, Script, Step, default_to, error, ok, places
from .shapes import PERSON, PRESET_IN_LIST, WITH_TOKEN

PEOPLE = "/app/meetings/m/participants"
WHO: dict[str, Any] = {"custom_participant_id": "ann-1", "preset_name": "group_call_host"}
ANN = {**PERSON, "id": "p"}
OTHER = {**PERSON, "id": "q", "custom_participant_id": "bob-1"}
LIST = call("GET", PEOPLE, page_no="1")
TOKEN = call("POST", f"{PEOPLE}/p/token")


def ensured(flavour: Flavour, script: Script, **given: Any) -> Any:
    people = flavour.client(script).meetings.ref("m").participants
    return flavour.get(people.ensure(**{**WHO, **given}))


class TestEnsure:
    def test_who_is_not_there_is_created(self, flavour: Flavour) -> None:
        script = Script(ok([OTHER], places(1, 1, 1)), ok(WITH_TOKEN))
        person = ensured(flavour, script, picture=None)
        assert script.calls == [LIST, call("POST", PEOPLE, {"name": "ann-1", **WHO, "picture": None})]
        assert person.token.reveal() == WITH_TOKEN["token"]

    def test_who_is_there_gets_a_token(self, flavour: Flavour) -> None:
        script = Script(ok([OTHER, ANN], places(2, 1, 2)), ok({"token": "t"}))
        person = ensured(flavour, script)
        assert script.calls == [LIST, TOKEN]
        assert (person.id, person.name, person.token.reveal()) == ("p", "Ann", "t")

    def test_who_is_on_a_later_page_is_found(self, flavour: Flavour) -> None:
        script = Script(ok([OTHER], places(3, 1, 1)), ok([ANN], places(3, 2, 2)), ok({"token": "t"}))
        assert ensured(flavour, script).id == "p"
        assert script.calls == [LIST, call("GET", PEOPLE, page_no="2"), TOKEN]

    @pytest.mark.parametrize(
        ("given", "changes"),
        [
            ({"preset_name": "guest"}, {"preset_name": "guest"}),
            ({"name": "Ann B."}, {"name": "Ann B."}),
            ({"picture": None, "name": "Ann"}, {"picture": None}),
        ],
    )
    def test_what_differs_is_changed_and_the_answer_has_the_token(
        self, flavour: Flavour, given: Any, changes: Any
    ) -> None:
        script = Script(ok([ANN], places(1, 1, 1)), ok({**ANN, **changes, "token": "t"}))
        person = ensured(flavour, script, **given)
        assert script.calls == [LIST, call("PATCH", f"{PEOPLE}/p", changes)]
        assert person.token.reveal() == "t"
        assert {name: person[name] for name in changes} == changes

    def test_a_token_comes_in_any_case(self, flavour: Flavour) -> None:
        script = Script(ok([ANN], places(1, 1, 1)), ok({**ANN, "name": "B"}), ok({"token": "t"}))
        assert ensured(flavour, script, name="B").token.reveal() == "t"
        assert script.calls[-1] == TOKEN

    def test_options(self, flavour: Flavour) -> None:
        script = Script(ok([ANN], places(1, 1, 1)), ok({"token": "t"}))
        ensured(flavour, script, timeout=7)
        assert [request.timeout for request in script.requests] == [7, 7]
        script = Script(ok([], places(0, 0, 0)), ok(WITH_TOKEN))
        ensured(flavour, script, extra_body={"x": 1})
        assert script.calls[1].body == {"name": "ann-1", **WHO, "x": 1}

    @pytest.mark.parametrize("missing", WHO)
    def test_both_names_are_needed(self, flavour: Flavour, missing: str) -> None:
        given = {name: value for name, value in WHO.items() if name != missing}
        with pytest.raises(TypeError, match=f"ensure\\(\\) needs {missing}"):
            flavour.get(flavour.client(Script()).meetings.ref("m").participants.ensure(**given))

    def test_on_the_class_and_the_client(self, flavour: Flavour) -> None:
        from realtimekit import Participant

        script = Script(*[ok([ANN], places(1, 1, 1)), ok({"token": "t"})] * 2)
        default_to(script)
        by_class = Participant.ensure(meeting_id="m", **WHO)
        by_client = flavour.get(flavour.client(script).participants.ensure(meeting_id="m", **WHO))
        assert by_class == by_client
        assert script.calls == [LIST, TOKEN] * 2


PRESETS = call("GET", "/app/presets")
FOUND = ok([PRESET_IN_LIST, {"id": "2", "name": "guest"}], places(2, 1, 2))
CALLS: dict[str, Any] = {
    "create": lambda people: people.create(**WHO),
    "update": lambda people: people.ref("p").update(preset_name="gst"),
    "replace": lambda people: people.ref("p").replace(**WHO),
}


@pytest.mark.parametrize("name", CALLS)
class TestUnknownPreset:
    def fail(self, flavour: Flavour, name: str, *steps: Step) -> tuple[APIError, Script]:
        script = Script(*steps)
        with pytest.raises(APIError) as caught:
            flavour.get(CALLS[name](flavour.client(script).meetings.ref("m").participants))
        return caught.value, script

    @pytest.mark.parametrize(
        ("status", "message", "kind"),
        [
            (400, "No preset found with name gst", ValidationError),
            (404, "Preset not found", NotFoundError),
            (422, "`preset_name` is invalid", ValidationError),
        ],
    )
    def test_the_error_names_those_that_exist(
        self, flavour: Flavour, name: str, status: int, message: str, kind: Any
    ) -> None:
        failure, script = self.fail(flavour, name, error(status, message, cf_ray="ray"), FOUND)
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
    def test_another_error_or_no_names_change_nothing(self, flavour: Flavour, name: str, steps: list[Step]) -> None:
        failure, script = self.fail(flavour, name, *steps)
        assert "presets of this app" not in str(failure)
        assert failure.path.startswith(PEOPLE.replace("/app", "/accounts/acc/realtime/kit/app"))
        assert len(script.calls) == len(steps)
        assert not isinstance(failure, PermissionDeniedError) or len(steps) == 1

    def test_no_preset_at_all(self, flavour: Flavour, name: str) -> None:
        failure, _ = self.fail(flavour, name, error(404, "no preset"), ok([]))
        assert str(failure).endswith("; this app has no presets")

    def test_more_than_a_page(self, flavour: Flavour, name: str) -> None:
        failure, _ = self.fail(flavour, name, error(404, "no preset"), ok([PRESET_IN_LIST], places(31, 1, 1)))
        assert str(failure).endswith("the presets of this app: 'group_call_host' and 30 more")


def test_ensure_names_them_too(flavour: Flavour) -> None:
    script = Script(ok([], places(0, 0, 0)), error(404, "no preset"), FOUND)
    with pytest.raises(NotFoundError, match="'guest'"):
        ensured(flavour, script)
