"""`typing.get_type_hints` works: frameworks, runtime type checkers and documentation tools need it."""

from __future__ import annotations

import inspect
import pkgutil
import types
from collections.abc import Iterator
from datetime import datetime, tzinfo
from importlib import import_module
from typing import Any, get_args, get_type_hints

import pytest

import realtimekit
from realtimekit import Chat, ChatMessage, Finding, Meeting, PeerReport, RealtimeKit, Session, Thresholds
from realtimekit.lazy import LazyModule
from realtimekit.operation import fluent, operation
from realtimekit.resource import on_default_client
from realtimekit.webhooks import MeetingEnded
from realtimekit.webhooks.payloads import EventMeeting

# Only the names that these packages export are public.
EXPORTS = ("realtimekit", "console", "contract", "doctor", "emulator", "limits", "report", "webhooks")
NOT_FOR_USERS = ("cli", "console", "contract", "doctor", "emulator", "limits", "report", "transports")
DOCUMENTED = ("emulator.faults", "emulator.remote", "limits.redis", "transports.emulator")

# Not resolved because of start-up time; the reason is in each module.
UNRESOLVED = {
    "realtimekit.client.BaseClient",  # the collections, whose modules are loaded when they are used
    "realtimekit.client.RealtimeKit",
    "realtimekit.client.AsyncRealtimeKit",
    "realtimekit.emulator.emulator.Emulator.serve",  # the server, which loads uvicorn
    "realtimekit.resource.all_on_default_client.__init__",  # used inside the package; relation imports resource
}


def public_modules() -> Iterator[types.ModuleType]:
    for found in pkgutil.walk_packages(realtimekit.__path__, "realtimekit."):
        name = found.name.removeprefix("realtimekit.")
        if name == "__main__" or (name.partition(".")[0] in NOT_FOR_USERS and name not in DOCUMENTED):
            continue
        yield import_module(found.name)


def public_objects() -> dict[str, Any]:
    """Return the public classes and functions, by their full names."""
    found = [
        [(name, value) for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
        for module in public_modules()
    ]
    for package in EXPORTS:
        module = import_module("realtimekit" if package == "realtimekit" else f"realtimekit.{package}")
        found.append([(name, getattr(module, name)) for name in module.__all__])
    return {
        f"{value.__module__}.{value.__qualname__}": value
        for items in found
        for name, value in items
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__.startswith("realtimekit.")
        and not value.__qualname__.startswith("_")
    }


def functions_of(value: Any) -> Iterator[tuple[str, Any]]:
    """The class's own public methods and properties, as the functions that a tool finds behind them."""
    for name, member in vars(value).items():
        if name.startswith("_") and name != "__init__":
            continue
        match member:
            case staticmethod() | classmethod():
                yield name, member.__func__
            case property():
                yield name, member.fget
            case operation() | fluent() | types.FunctionType():
                yield name, member
            case on_default_client():
                yield name, getattr(value, name)
            case _:
                pass


def annotated() -> dict[str, Any]:
    everything: dict[str, Any] = {}
    for name, value in public_objects().items():
        everything[name] = value
        if inspect.isclass(value):
            everything |= {f"{name}.{member}": function for member, function in functions_of(value)}
    return everything


ANNOTATED = annotated()


def test_every_public_name_is_checked() -> None:
    assert {"realtimekit.resources.session.Session", "realtimekit.resources.session.Sessions.find"} <= ANNOTATED.keys()
    assert {"realtimekit.errors.APIError", "realtimekit.webhooks.events.MeetingEvent.meeting_id"} <= ANNOTATED.keys()
    assert len(ANNOTATED) > 700
    homes = {value.__module__ for value in map(realtimekit.__dict__.get, realtimekit.__all__) if inspect.isclass(value)}
    assert homes <= {name.rpartition(".")[0] for name in ANNOTATED}


def test_every_annotation_resolves() -> None:
    failures = {}
    for name, value in ANNOTATED.items():
        try:
            hints = get_type_hints(value)
        except (NameError, AttributeError, TypeError) as error:
            failures[name] = repr(error)
        else:
            assert not any(isinstance(hint, str | LazyModule) for hint in hints.values()), name
    assert {name: why for name, why in failures.items() if name not in UNRESOLVED} == {}
    assert failures.keys() == UNRESOLVED, "what resolves by now is to be crossed off the list"


@pytest.mark.parametrize(
    "value", [value for name, value in ANNOTATED.items() if inspect.isclass(value) and name not in UNRESOLVED]
)
def test_the_names_of_a_class_do_not_hide_types(value: Any) -> None:
    """`inspect` looks at a class's own names first: `list` of a resource, or `type` of an event, is no type there."""
    inspect.get_annotations(value, eval_str=True)


def test_the_types_are_resolved() -> None:
    """Also where a class is loaded when it is used."""
    assert get_type_hints(Meeting)["created_at"] is datetime
    assert get_type_hints(MeetingEnded)["meeting"] is EventMeeting
    assert get_type_hints(PeerReport.findings) == {
        "thresholds": Thresholds | None,
        "tz": tzinfo,
        "return": list[Finding],
    }
    assert get_type_hints(Session.quality)["thresholds"] == Thresholds | None
    messages = get_type_hints(Chat.messages)["return"]  # a flow: `operation` turns it into the value
    assert get_args(messages)[2] == list[ChatMessage]
    session = RealtimeKit(api_token="x", account_id="a", app_id="b").sessions.ref("sess-1")
    assert get_type_hints(session.reload) == get_type_hints(Session.reload)


def test_inspecting_a_lazy_module_loads_nothing() -> None:
    lazy = LazyModule("no.such.module")
    assert repr(lazy) == "<LazyModule no.such.module>"
    assert not hasattr(lazy, "__wrapped__")
    with pytest.raises(ModuleNotFoundError):
        _ = lazy.Anything
