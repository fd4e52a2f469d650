"""Every place where a resource of the API must appear. To add one, follow the messages until this file passes."""

from __future__ import annotations

import ast
import functools
import json
import pkgutil
import re
import urllib.request
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

import click
import pytest
from tools.operation_names import OPERATION_NAMES

import realtimekit
import realtimekit.resources
from realtimekit.cli.commands import realtimekit as root_command
from realtimekit.client import BaseClient
from realtimekit.emulator import Emulator
from realtimekit.emulator.store import TABLES
from realtimekit.flow import F
from realtimekit.relation import Relation
from realtimekit.resource import BASE_PATH, Resource

ROOT = Path(__file__).parents[1]
SOURCE = Path(realtimekit.__file__).parent

Kind: TypeAlias = type[Resource[Any]]


class Elsewhere(NamedTuple):
    """An exception: what is there instead of the resource, and why."""

    name: str | None  # of the table, command or tests that it has instead; None: none
    reason: str


ONLY_ONE = "there is one of them, an attribute of its parent: it has no collection"
OF_SESSION = "the commands of its session show it"
EXCEPTIONS: dict[tuple[str, str], Elsewhere] = {
    ("ActiveSession", "client"): Elsewhere(None, ONLY_ONE),
    ("ActiveSession", "table"): Elsewhere("sessions", "it is a session that is live"),
    ("ActiveSession", "command"): Elsewhere(None, "people in a meeting are moderated by programs"),
    ("Chat", "client"): Elsewhere(None, ONLY_ONE),
    ("Chat", "table"): Elsewhere("messages", "the file is made of them"),
    ("Chat", "command"): Elsewhere("sessions chat", OF_SESSION),
    ("Chat", "emulator tests"): Elsewhere("files", "all files of a session are served alike"),
    ("LivestreamSession", "command"): Elsewhere("livestreams sessions", "they are shown with their livestream"),
    ("LivestreamSession", "emulator tests"): Elsewhere("livestreams", "it is part of its livestream"),
    ("SessionParticipant", "table"): Elsewhere("peers", "the API's word for somebody in a session"),
    ("SessionParticipant", "command"): Elsewhere("sessions participants", OF_SESSION),
    ("Summary", "client"): Elsewhere(None, ONLY_ONE),
    ("Summary", "table"): Elsewhere("files", "it is a file"),
    ("Summary", "command"): Elsewhere("sessions summary", OF_SESSION),
    ("Summary", "emulator tests"): Elsewhere("transcripts", "it is made of the transcript"),
    ("Transcript", "client"): Elsewhere(None, ONLY_ONE),
    ("Transcript", "table"): Elsewhere("speech", "the file is made of it"),
    ("Transcript", "command"): Elsewhere("sessions transcript", OF_SESSION),
    ("Transcript", "emulator tests"): Elsewhere("transcripts", "one file tests those of many sessions"),
}


# --- what there is ----------------------------------------------------------------------------------------------------


def resources() -> list[Kind]:
    """Return the resources of the package: the classes that have a path."""
    names = [module.name for module in pkgutil.iter_modules(realtimekit.resources.__path__)]
    modules = [import_module(f"realtimekit.resources.{name}") for name in names]
    classes = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    found = [value for value in classes if issubclass(value, Resource) and "_template" in vars(value)]
    return sorted(found, key=lambda kind: kind.__name__)


@functools.cache
def described() -> dict[str, dict[str, Any]]:
    """Return the emulator's own description: path below the app (ids as `{}`) -> method -> operation."""
    with Emulator() as emulator, emulator.serve() as server:
        url = urlsplit(server.base_url)._replace(path="/_emulator/openapi.json").geturl()
        with urllib.request.urlopen(url) as answer:
            paths = json.load(answer)["paths"]
    return {without_names(path.removeprefix(BASE_PATH)): operations for path, operations in paths.items()}


@functools.cache
def imported_for_checkers() -> set[str]:
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    return {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}


@functools.cache
def calls_with_tests() -> list[tuple[str, str]]:
    """Return method and path of each row in the tables of tests/core/test_operations*.py."""
    found: list[tuple[str, str]] = []
    for path in sorted((ROOT / "tests" / "core").glob("test_operations*.py")):
        module = import_module(f"tests.core.{path.stem}")
        found += [(row.sent.method, row.sent.path) for row in getattr(module, "OPERATIONS", {}).values()]
    assert found
    return found


def without_names(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


def is_of(path: str, template: str) -> bool:
    """Whether a path of the tests, such as `/app/meetings/m`, fits a template."""
    pattern = re.escape(template).replace(r"\{app_id\}", "app")
    return re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", pattern), path) is not None


def has_command(name: str) -> bool:
    command: click.Command | None = root_command
    for word in name.split():
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
        if command is None:
            return False
    return True


# --- the places -------------------------------------------------------------------------------------------------------


def plural(kind: Kind) -> str:
    """Return the name that the collection's class gives: `LivestreamSessions` -> `livestream_sessions`."""
    collection = vars(kind).get("_collection")
    name = collection.__name__ if collection is not None else kind.__name__
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def paths(kind: Kind) -> list[str]:
    """Return the templates of the collection and of a member, below the app; one where there is no collection."""
    template = kind._template.template.removeprefix(BASE_PATH)
    before, bracket, member = template.partition("(")
    return [before, before + member.rstrip(")")] if bracket else [template]


def calls(kind: Kind) -> list[tuple[str, str]]:
    """Return method and path of the documented calls; before there are any, of the one that reads it."""
    documented = [(row.method, row.path) for row in OPERATION_NAMES if row.path in paths(kind)]
    return documented or [("GET", paths(kind)[-1])]


def in_client(kind: Kind, many: str) -> list[str]:
    collection = vars(kind)["_collection"].__name__ if "_collection" in vars(kind) else None
    if collection in {annotation.partition("[")[0] for annotation in BaseClient.__annotations__.values()}:
        return []
    line = f'{many}: {collection}[F] = collection("{kind.__module__.rpartition(".")[2]}")'
    return [f"src/realtimekit/client.py, BaseClient: add `{line}` and a docstring"]


def in_package(kind: Kind, _: str) -> list[str]:
    file, name, module = "src/realtimekit/__init__.py", kind.__name__, kind.__module__.removeprefix("realtimekit.")
    found = []
    if name not in imported_for_checkers():
        found.append(f"{file}, TYPE_CHECKING: add `from realtimekit.{module} import {name}`")
    if realtimekit._HOMES.get(name) != module:
        found.append(f'{file}, _HOMES: add `"{name}": "{module}"`')
    if name not in realtimekit.__all__:
        found.append(f'{file}, __all__: add `"{name}"`')
    return found


def in_emulator(kind: Kind, many: str) -> list[str]:
    found = []
    for method, path in calls(kind):
        responses = described().get(without_names(path), {}).get(method.lower(), {}).get("responses", {})
        if not any("schema" in str(answer) for status, answer in responses.items() if status < "3"):
            file = f"src/realtimekit/emulator/operations/{many}.py"
            found.append(f"{file}: add a handler of `{method} {path}`, with the schema of its answer")
    return found


def in_tables(_: Kind, table: str) -> list[str]:
    return [] if table in TABLES else [f"src/realtimekit/emulator/store.py, SCHEMA: add the table `{table}`"]


def in_commands(_: Kind, name: str) -> list[str]:
    command = name.replace("_", "-")
    if has_command(command):
        return []
    file = f"src/realtimekit/cli/{name.split(maxsplit=1)[0]}.py"
    return [f"{file}: add the command `realtimekit {command}`, and its group to COMMANDS in cli/commands.py"]


def in_documents(kind: Kind, _: str) -> list[str]:
    if any(row.path in paths(kind) for row in OPERATION_NAMES):
        return []
    return [f"docs/operations.md: add a row for each call of `{paths(kind)[-1]}`"]


def in_core_tests(kind: Kind, _: str) -> list[str]:
    return [
        f"tests/core/test_operations*.py, OPERATIONS: add a row that sends `{method} {path}`"
        for method, path in calls(kind)
        if not any(method == sent and is_of(to, path) for sent, to in calls_with_tests())
    ]


def in_emulator_tests(_: Kind, many: str) -> list[str]:
    file = f"tests/emulator/test_{many}.py"
    return [] if (ROOT / file).exists() else [f"{file}: add it, with a test of each answer"]


# Each is given the class and its name in this place, and says what to add.
PLACES: dict[str, Callable[[Kind, str], list[str]]] = {
    "client": in_client,
    "package": in_package,
    "emulator": in_emulator,
    "table": in_tables,
    "command": in_commands,
    "documents": in_documents,
    "core tests": in_core_tests,
    "emulator tests": in_emulator_tests,
}


def missing(kind: Kind) -> list[str]:
    """Return a message for everything that is missing for a resource."""
    found: list[str] = []
    for place, missing_from in PLACES.items():
        name = EXCEPTIONS[kind.__name__, place].name if (kind.__name__, place) in EXCEPTIONS else plural(kind)
        if name is not None:
            found += missing_from(kind, name)
    return found


# --- the tests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", resources(), ids=lambda kind: kind.__name__)
def test_every_resource_appears_everywhere(kind: Kind) -> None:
    assert not (todo := missing(kind)), f"{kind.__name__} is not complete:\n- " + "\n- ".join(todo)


@pytest.mark.parametrize(("name", "place"), EXCEPTIONS)
def test_an_exception_is_needed(name: str, place: str) -> None:
    (kind,) = [kind for kind in resources() if kind.__name__ == name]
    assert PLACES[place](kind, plural(kind)), (
        f"{name} is where it belongs: take ({name!r}, {place!r}) out of EXCEPTIONS"
    )


class SmallThings(Relation["SmallThing[F]", F]):
    """An unknown collection."""


class SmallThing(Resource[F], path="/{app_id}/small-things(/{thing_id})", collection=SmallThings):
    """An unknown resource."""

    id: str


def test_the_test_names_every_missing_place() -> None:
    SmallThing.__module__ = "realtimekit.resources.small_thing"
    assert "\n".join(missing(SmallThing)) == TOLD


TOLD = """\
src/realtimekit/client.py, BaseClient: add `small_things: SmallThings[F] = collection("small_thing")` and a docstring
src/realtimekit/__init__.py, TYPE_CHECKING: add `from realtimekit.resources.small_thing import SmallThing`
src/realtimekit/__init__.py, _HOMES: add `"SmallThing": "resources.small_thing"`
src/realtimekit/__init__.py, __all__: add `"SmallThing"`
src/realtimekit/emulator/operations/small_things.py: add a handler of `GET /{app_id}/small-things/{thing_id}`, \
with the schema of its answer
src/realtimekit/emulator/store.py, SCHEMA: add the table `small_things`
src/realtimekit/cli/small_things.py: add the command `realtimekit small-things`, and its group to COMMANDS in \
cli/commands.py
docs/operations.md: add a row for each call of `/{app_id}/small-things/{thing_id}`
tests/core/test_operations*.py, OPERATIONS: add a row that sends `GET /{app_id}/small-things/{thing_id}`
tests/emulator/test_small_things.py: add it, with a test of each answer"""
