"""Calls of the official package, and how its models parse the responses."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, cast

import pydantic
from cloudflare import APIResponseValidationError
from cloudflare.resources.realtime_kit import RealtimeKitResource

from tests.emulator.world import World

from .scene import Scene

SENT_ALONGSIDE = {"extra_headers", "extra_query", "extra_body", "timeout"}
Given = Mapping[str, Any]


class Call(NamedTuple):
    official: str  # below client.realtime_kit
    given: Given | Callable[[Scene], Given]  # besides the ids of the scene
    data: Any | Callable[[Scene], Any]  # the part of the response's `data` that is looked at
    paging: tuple[int, int, int] | None = None  # total_count, start_offset, end_offset

    def arguments(self, scene: Scene) -> Given:
        return self.given(scene) if callable(self.given) else self.given

    def wanted(self, scene: Scene) -> Given:
        response = {"success": True, "data": self.data(scene) if callable(self.data) else self.data}
        if self.paging is None:
            return response
        return {
            **response,
            "paging": dict(zip(("total_count", "start_offset", "end_offset"), self.paging, strict=True)),
        }


def options(world: World, *, strict: bool) -> Any:
    """Return the arguments with which a client of the package reaches the emulator."""
    return {
        "api_token": world.emulator.api_token,
        "base_url": world.server.base_url,
        "max_retries": 0,
        "timeout": 20,
        "_strict_response_validation": strict,
    }


def methods(resource: Any, path: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Return all calls below a resource of the package, by their dotted names."""
    for name in dir(type(resource)):
        if name.startswith(("_", "with_")):
            continue
        found = getattr(resource, name)
        if inspect.ismethod(found):
            yield path + name, found
        else:
            yield from methods(found, f"{path}{name}.")


def parameters(method: Callable[..., Any]) -> set[str]:
    return set(inspect.signature(method).parameters) - SENT_ALONGSIDE


def done(resource: Any, official: str, given: Given, scene: Scene) -> Any:
    """Make a call, completed with the ids of the scene."""
    method = dict(methods(resource))[official]
    return method(**{name: scene.ids[name] for name in parameters(method) & scene.ids.keys()} | dict(given))


class Reader(NamedTuple):
    """Two clients of the package: with strict models, and as its users have it."""

    strict: RealtimeKitResource
    lenient: RealtimeKitResource

    def read(self, call: Call, scene: Scene) -> tuple[Any, dict[str, str]]:
        """Return the response, and where and how the package's models disagree with it.

        A place leaves out where in a list it is: `data.disabled` is that of the object, or of an item, in `data`.
        """
        given, refused = call.arguments(scene), dict[str, str]()
        try:
            response = done(self.strict, call.official, given, scene)
        except APIResponseValidationError as error:
            problems = cast("pydantic.ValidationError", error.__cause__).errors()
            places = (".".join(part for part in problem["loc"] if isinstance(part, str)) for problem in problems)
            refused = dict.fromkeys(places, "refused")
            response = done(self.lenient, call.official, given, scene)
        return response, dict.fromkeys(_unknown(response), "unknown") | refused


def _unknown(value: Any, at: str = "") -> Iterator[str]:
    """Yield the fields of the response that the model does not know."""
    if isinstance(value, list):
        for item in value:
            yield from _unknown(item, at)
    elif isinstance(value, pydantic.BaseModel):
        yield from (f"{at}{name}" for name in value.model_extra or ())
        for name in type(value).model_fields:
            yield from _unknown(getattr(value, name), f"{at}{name}.")


def must_hold(found: Any, wanted: Any, at: str = "$") -> None:
    """Assert that a value matches: objects by the given keys, lists item by item, rules by calling them."""
    if isinstance(wanted, dict):
        assert isinstance(found, dict), f"{at}: {found!r} is no object"
        for name, value in wanted.items():
            assert name in found, f"{at}: no {name} among {sorted(found)}"
            must_hold(found[name], value, f"{at}.{name}")
    elif isinstance(wanted, list):
        assert isinstance(found, list), f"{at}: {found!r} is no list"
        assert len(found) == len(wanted), f"{at}: {found!r} is not {wanted!r}"
        for place, (item, value) in enumerate(zip(found, wanted, strict=True)):
            must_hold(item, value, f"{at}[{place}]")
    elif callable(wanted):
        assert wanted(found), f"{at}: {found!r} is not as it should be"
    else:
        assert found == wanted, f"{at}: {found!r} is not {wanted!r}"
