"""Every place where a resource of the API must appear. Whoever adds one follows the messages until this file passes."""

from __future__ import annotations

import ast
import functools
import json
import pkgutil
import re
import urllib.request
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

import click
import pytest

import realtimekit
import realtimekit.resources
from realtimekit.cli.commands import realtimekit as root_command
from realtimekit.client import Client
from realtimekit.emulator import Emulator
from realtimekit.emulator.store import TABLES
from realtimekit.flow import F
from realtimekit.relation import Relation
from realtimekit.resource import KIT, Resource
from tests.core.operation_names import OPERATION_NAMES

TESTS = Path(__file__).parent
SOURCE = Path(realtimekit.__file__).parent

Kind: TypeAlias = type[Resource[Any]]
Place: TypeAlias = Literal["client", "package", "emulator", "table", "command", "docs", "core tests", "emulator tests"]


class Elsewhere(NamedTuple):
    """An exception: what stands for the resource in a place, and why."""

    name: str | None  # the table, command or file that has it instead; None: nothing does
    reason: str


ONLY_ONE = "there is one of them, an attribute of its parent: it has no collection"
OF_SESSION = "the commands of its session show it"
EXCEPTIONS: dict[tuple[str, Place], Elsewhere] = {
    ("ActiveSession", "client"): Elsewhere(None, ONLY_ONE),
    ("ActiveSession", "table"): Elsewhere("sessions", "it is a session that is live"),
    ("ActiveSession", "command"): Elsewhere(None, "people in a meeting are moderated by programs"),
    ("Chat", "client"): Elsewhere(None, ONLY_ONE),
    ("Chat", "table"): Elsewhere("messages", "the file is made of them"),
    ("Chat", "command"): Elsewhere("sessions chat", OF_SESSION),
    ("Chat", "emulator tests"): Elsewhere("test_files.py", "all files of a session are served alike"),
    ("LivestreamSession", "command"): Elsewhere("livestreams sessions", "they are shown with their livestream"),
    ("LivestreamSession", "emulator tests"): Elsewhere("test_livestreams.py", "it is part of its livestream"),
    ("SessionParticipant", "table"): Elsewhere("peers", "the API's word for somebody in a session"),
    ("SessionParticipant", "command"): Elsewhere("sessions participants", OF_SESSION),
    ("Summary", "client"): Elsewhere(None, ONLY_ONE),
    ("Summary", "table"): Elsewhere("files", "it is a file"),
    ("Summary", "command"): Elsewhere("sessions summary", OF_SESSION),
    ("Summary", "emulator tests"): Elsewhere("test_transcripts.py", "it is made of the transcript"),
    ("Transcript", "client"): Elsewhere(None, ONLY_ONE),
    ("Transcript", "table"): Elsewhere("speech", "the file is made of it"),
    ("Transcript", "command"): Elsewhere("sessions transcript", OF_SESSION),
    ("Transcript", "emulator tests"): Elsewhere("test_transcripts.py", "one file tests those of many sessions"),
}


# --- what there is ----------------------------------------------------------------------------------------------------


def resources() -> list[Kind]:
    """Return the resources of the package: the classes that have a path."""
    modules = [
        import_module(f"realtimekit.resources.{m.name}") for m in pkgutil.iter_modules(realtimekit.resources.__path__)
    ]
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
    return {without_names(path.removeprefix(KIT)): operations for path, operations in paths.items()}


@functools.cache
def imported_for_checkers() -> set[str]:
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    return {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}


@functools.cache
def calls_with_tests() -> list[tuple[str, str]]:
    """Return method and path of each row in the tables of tests/core/test_operations*.py."""
    found: list[tuple[str, str]] = []
    for path in sorted((TESTS / "core").glob("test_operations*.py")):
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
    template = kind._template.template.removeprefix(KIT)
    before, bracket, member = template.partition("(")
    return [before, before + member.rstrip(")")] if bracket else [template]


def calls(kind: Kind) -> list[tuple[str, str]]:
    """Return method and path of the documented calls; before there are any, of the one that reads it."""
    documented = [(row.method, row.path) for row in OPERATION_NAMES if row.path in paths(kind)]
    return documented or [("GET", paths(kind)[-1])]


def missing_from(kind: Kind, place: Place, instead: str | None = None) -> list[str]:
    """Say where a resource is missing, in one of the places.

    Args:
        kind: the class of the resource.
        place: which place.
        instead: the table, command or file that is looked for, where it is not the one of the resource's own name.
    """
    name, module, many = kind.__name__, kind.__module__.removeprefix("realtimekit."), plural(kind)
    missing: list[str] = []
    match place:
        case "client":
            collection = vars(kind)["_collection"].__name__ if "_collection" in vars(kind) else many.title()
            declared = {annotation.partition("[")[0] for annotation in Client.__annotations__.values()}
            if collection not in declared:
                line = f'{many}: {collection}[F] = collection("{module.rpartition(".")[2]}")'
                missing.append(f"src/realtimekit/client.py, class Client: add `{line}` and a docstring")
        case "package":
            file = "src/realtimekit/__init__.py"
            if name not in imported_for_checkers():
                missing.append(f"{file}, below TYPE_CHECKING: add `from realtimekit.{module} import {name}`")
            if realtimekit._HOMES.get(name) != module:
                missing.append(f'{file}, _HOMES: add `"{name}": "{module}"`')
            if name not in realtimekit.__all__:
                missing.append(f'{file}, __all__: add `"{name}"`')
        case "emulator":
            file = f"src/realtimekit/emulator/operations/{many}.py"
            for method, path in calls(kind):
                responses = described().get(without_names(path), {}).get(method.lower(), {}).get("responses", {})
                if not any("schema" in str(answer) for status, answer in responses.items() if status < "3"):
                    missing.append(f"{file}: add a handler of `{method} {path}`, with the schema of its answer")
        case "table":
            if (instead or many) not in TABLES:
                missing.append(f"src/realtimekit/emulator/store.py, SCHEMA: add the table `{instead or many}`")
        case "command":
            command = instead or many.replace("_", "-")
            if not has_command(command):
                file = f"src/realtimekit/cli/{command.split()[0].replace('-', '_')}.py"
                missing.append(f"{file}: add the command `realtimekit {command}`, and it to cli/commands.py, COMMANDS")
        case "docs":
            if not any(row.path in paths(kind) for row in OPERATION_NAMES):
                missing.append(f"docs/operations.md: add a row for each call of `{paths(kind)[-1]}`")
        case "core tests":
            missing += [
                f"tests/core/test_operations*.py, OPERATIONS: add a row that sends `{method} {path}`"
                for method, path in calls(kind)
                if not any(method == sent and is_of(to, path) for sent, to in calls_with_tests())
            ]
        case "emulator tests":
            file = instead or f"test_{many}.py"
            if not (TESTS / "emulator" / file).exists():
                missing.append(f"tests/emulator/{file}: add it, with a test of each answer")
    return missing


PLACES: tuple[Place, ...] = Place.__args__  # type: ignore[attr-defined]


def missing(kind: Kind) -> list[str]:
    """Say everything that is missing of a resource."""
    found: list[str] = []
    for place in PLACES:
        exception = EXCEPTIONS.get((kind.__name__, place))
        if exception is None:
            found += missing_from(kind, place)
        elif exception.name is not None:
            found += missing_from(kind, place, exception.name)
    return found


# --- the tests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", resources(), ids=lambda kind: kind.__name__)
def test_a_resource_is_everywhere(kind: Kind) -> None:
    assert not (todo := missing(kind)), f"{kind.__name__} is not complete:\n- " + "\n- ".join(todo)


@pytest.mark.parametrize(("name", "place"), EXCEPTIONS)
def test_an_exception_is_needed(name: str, place: Place) -> None:
    (kind,) = [kind for kind in resources() if kind.__name__ == name]
    assert missing_from(kind, place), f"{name} is where it belongs: take ({name!r}, {place!r}) out of EXCEPTIONS"


class SmallThings(Relation["SmallThing[F]", F]):
    """A collection that nobody has heard of."""


class SmallThing(Resource[F], path="/{app_id}/small-things(/{thing_id})", collection=SmallThings):
    """A resource that nobody has heard of."""

    id: str


def test_a_newcomer_is_told_every_place() -> None:
    SmallThing.__module__ = "realtimekit.resources.small_thing"
    assert missing(SmallThing) == [
        'src/realtimekit/client.py, class Client: add `small_things: SmallThings[F] = collection("small_thing")` and a '
        "docstring",
        "src/realtimekit/__init__.py, below TYPE_CHECKING: add "
        "`from realtimekit.resources.small_thing import SmallThing`",
        'src/realtimekit/__init__.py, _HOMES: add `"SmallThing": "resources.small_thing"`',
        'src/realtimekit/__init__.py, __all__: add `"SmallThing"`',
        "src/realtimekit/emulator/operations/small_things.py: add a handler of "
        "`GET /{app_id}/small-things/{thing_id}`, with the schema of its answer",
        "src/realtimekit/emulator/store.py, SCHEMA: add the table `small_things`",
        "src/realtimekit/cli/small_things.py: add the command `realtimekit small-things`, and it to cli/commands.py, "
        "COMMANDS",
        "docs/operations.md: add a row for each call of `/{app_id}/small-things/{thing_id}`",
        "tests/core/test_operations*.py, OPERATIONS: add a row that sends `GET /{app_id}/small-things/{thing_id}`",
        "tests/emulator/test_small_things.py: add it, with a test of each answer",
    ]
