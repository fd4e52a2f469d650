"""The official package makes all its calls to the emulator, and its strict models accept the responses."""

from __future__ import annotations

from collections import defaultdict

import pytest
from tools.operation_names import OPERATION_NAMES

from realtimekit.emulator.routes import API

from .calls_of_meetings import CALLS as OF_MEETINGS
from .calls_of_sessions import CALLS as OF_SESSIONS
from .contradictions import CONTRADICTIONS
from .reading import Call, Reader, methods, must_hold, parameters
from .scene import Scene

CALLS = [*OF_MEETINGS, *OF_SESSIONS]
EXCEPTIONS = [(official, at, known.how) for known in CONTRADICTIONS for official, at in known.places]
KIT = "client.realtime_kit."
TEMPLATES = {row.official.removeprefix(KIT): (row.method, row.path) for row in OPERATION_NAMES if row.official}
TEMPLATES["livestreams.get_org_analytics"] = TEMPLATES["analytics.get_org_analytics"]  # it has two names


def test_all_54_are_called(reader: Reader) -> None:
    found = {name for name, _ in methods(reader.strict)}
    assert found == set(TEMPLATES)
    assert found == {call.official for call in CALLS}
    assert len(set(TEMPLATES.values())) == 54


def test_with_all_their_parameters(reader: Reader, scene: Scene) -> None:
    given: defaultdict[str, set[str]] = defaultdict(lambda: set(scene.ids))
    for call in CALLS:
        given[call.official] |= call.arguments(scene).keys()
    left_out = {name: parameters(method) - given[name] for name, method in methods(reader.strict)}
    assert {name: missing for name, missing in left_out.items() if missing} == {}


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.official)
def test_responses_fit_the_models(call: Call, reader: Reader, scene: Scene) -> None:
    response, disagreements = reader.read(call, scene)
    request = scene.world.emulator.requests()[-1]
    route, _ = API.match(request["method"], request["path"])
    assert (route.method, route.template.removeprefix(API.prefix)) == TEMPLATES[call.official]
    assert request["status"] == route.status
    must_hold(response.to_dict(mode="json", warnings=False), call.wanted(scene))
    assert disagreements.items() <= {(at, how) for name, at, how in EXCEPTIONS if name == call.official}


@pytest.mark.parametrize(("official", "at", "how"), EXCEPTIONS)
def test_an_exception_is_still_one(official: str, at: str, how: str, reader: Reader, scene: Scene) -> None:
    """Fails once the package agrees: then the exception can go."""
    calls = [call for call in CALLS if call.official == official]
    assert (at, how) in [found for call in calls for found in reader.read(call, scene)[1].items()]
