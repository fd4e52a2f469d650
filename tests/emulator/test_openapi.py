"""The emulator's OpenAPI document: complete, correct, and no request that fits it makes the emulator fail."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from realtimekit.emulator import openapi
from realtimekit.emulator.routes import API
from tests.fuzz.examples import fuzzed

from .official.scene import Scene
from .world import World

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def test_it_is_a_valid_schema_in_every_part() -> None:
    document = openapi.document()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) == len(API.table)
    for operation in operations:
        for response in operation["responses"].values():
            jsonschema_rs.Draft202012Validator(
                {**response["content"]["application/json"]["schema"], "components": document["components"]}
            )


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [route.handler.__name__ for route in API.table]
    assert len(set(names)) == len(names)


def test_it_is_served(world: World) -> None:
    assert world.control("/openapi.json", method="GET").json() == openapi.document()


EXAMPLES = fuzzed(4).max_examples  # of each operation


def known_ids(scene: Scene, path: str) -> list[dict[str, str]]:
    """Return existing ids by the name of the parameter: those of the live meeting and those of the ended one."""
    in_session = "/sessions/" in path  # there a participant is a peer
    carol, alice = scene.carol.participant_id, scene.alice.peer_id if in_session else scene.alice.participant_id
    over = {**scene.ids, "meeting_id": scene.planning, "participant_id": alice}
    return [over if in_session else {**scene.ids, "participant_id": carol, "recording_id": scene.running()}, over]


def named(scene: Scene, operation: Any) -> dict[str, Any]:
    """Return existing ids and names for those fields of the operation's body that refer to records."""
    names = {
        "meeting_id": scene.ids["meeting_id"],
        "preset_name": "group_call_host",
        "participant_ids": [scene.carol.participant_id],
        "custom_participant_ids": ["carol"],
        "user_ids": [scene.carol.participant_id],
        "allow_multiple_recordings": True,  # beside the one that runs
    }
    taken = [body.definition["schema"].get("properties", {}) for body in operation.body]
    return {name: value for name, value in names.items() if any(name in fields for fields in taken)}


def test_every_request_that_fits_the_description_gets_a_described_response(world: World) -> None:
    schema: Any = schemathesis.openapi.from_dict(openapi.document(world.server.base_url))
    schema.config.update(base_url=world.server.base_url)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == len(API.table)
    never = {operation.label for operation in operations if not any(_succeeded(operation, world))}
    assert never == set()  # a description of which nothing but refusals was seen would be tested by half


def _succeeded(operation: Any, world: World) -> list[bool]:
    """Return which calls succeed; fail unless each response is as described."""
    world.emulator.reset()
    scene = Scene.played(world)
    known, body = known_ids(scene, operation.path), named(scene, operation)
    headers = {"Authorization": f"Bearer {world.emulator.api_token}"}
    succeeded: list[bool] = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(case=operation.as_strategy(), choice=st.integers(0, 7))
    def attempt(case: Any, choice: int) -> None:
        if choice < 7:  # a made-up id leads nowhere
            ids = known[choice % 2]
            case.path_parameters = {name: ids[name] for name in case.path_parameters or {}}
            if isinstance(case.body, dict):
                case.body |= body
        response = case.call_and_validate(headers=headers, checks=CHECKS, timeout=20)
        succeeded.append(response.status_code < 300)

    attempt()
    return succeeded
