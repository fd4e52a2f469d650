"""What the commands share: which app they ask, how they answer, how much of it, and a question before harm is done."""

from __future__ import annotations

import functools
import json
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from realtimekit.errors import RealtimeKitError
from realtimekit.paths import segment
from realtimekit.values import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

Function = Any  # a command, or what becomes one: click's own decorators know no more
MADE_BY_THE_SERVER = frozenset({"id", "created_at", "updated_at"})  # what `show --json` has and a body has not


# --- types of arguments and options: functions, as click's own class is generic in its newer versions alone -----------


def an_id(value: str) -> str:
    """An id that can be one; the SDK would refuse it, too, but as a programmer's mistake."""
    try:
        segment("id", value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return value


def a_start(value: str) -> datetime:
    """A date, from its beginning, or a time; UTC where it has no zone, as every time printed here is."""
    try:
        return parse_timestamp(value)
    except ValueError:
        text = f"{value!r} is no date or time in ISO 8601, such as 2026-06-03 or 2026-06-03T10:00Z"
        raise click.BadParameter(text) from None


def an_end(value: str) -> datetime:
    """As `a_start`, but a date to its end."""
    moment = a_start(value)
    return datetime.combine(moment, time.max, UTC) if len(value.strip()) <= len("2026-06-03") else moment


def seconds(value: str) -> float:
    """A time to wait."""
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise click.BadParameter(f"{value!r} is no number of seconds above 0")
    return number


def json_fields(value: str) -> dict[str, Any]:
    """The fields of a body, in a file of JSON; `-` is stdin. What `show --json` printed will do."""
    try:
        with click.open_file(value, "rb") as file:
            found = json.loads(file.read())
    except OSError as error:
        raise click.BadParameter(f"{value}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"{value} holds no JSON: {error}") from None
    if not isinstance(found, dict):
        raise click.BadParameter(f"{value} holds no JSON object")
    return {name: field for name, field in found.items() if name not in MADE_BY_THE_SERVER}


# --- what a command is declared with ----------------------------------------------------------------------------------


class Column(NamedTuple):
    """A column of a table and of its CSV."""

    name: str
    """Of the record's field; heads the CSV."""
    head: str | None = None
    """Heads the table."""
    folds: bool = False
    """Long texts do; ids and times are there to be copied."""
    wide: bool = False
    """Left out of the table on a narrow terminal; the CSV has it always."""


class Secret(NamedTuple):
    """A field that is printed only where it is asked for."""

    field: str
    flag: str
    help: str


# --- decorators: the one that stands lowest is called last ------------------------------------------------------------


def asking(command: Function) -> Function:
    """Gives a command its client as the first argument. Options that were not given are not passed on."""

    @click.option("--app-id", metavar="ID", help="Instead of REALTIMEKIT_APP_ID.")
    @click.option("--account-id", metavar="ID", help="Instead of CLOUDFLARE_ACCOUNT_ID.")
    @functools.wraps(command)
    def asked(*, app_id: str | None, account_id: str | None, **given: Any) -> Any:
        from realtimekit import RealtimeKit  # noqa: PLC0415 - loaded when a command runs, not for its help

        with RealtimeKit(app_id=app_id, account_id=account_id) as client:
            return command(client, **{name: value for name, value in given.items() if value not in (None, ())})

    return asked


def formats(command: Function) -> Function:
    """Passes on `form`: "json", "csv", or nothing for people."""
    command = click.option("--csv", "form", flag_value="csv", default=None, help="CSV on stdout.")(command)
    return click.option("--json", "form", flag_value="json", default=None, help="JSON on stdout.")(command)


def listing(title: str, columns: tuple[Column, ...], secret: Secret | None = None) -> Callable[[Function], Any]:
    """A command that returns a relation, whose first records are printed, or all.

    Args:
        title: of the table.
        columns: of the table and of the CSV.
        secret: a field that is shown only with its own flag.
    """

    def decorated(command: Function) -> Function:
        @click.option("--limit", metavar="N", default=20, show_default=True, type=click.IntRange(1), help="At most N.")
        @click.option("--all", "everything", is_flag=True, help="All there are, however many pages.")
        @formats
        @asking
        @functools.wraps(command)
        def listed(
            client: Any, *, limit: int, everything: bool, form: str | None = None, reveal: bool = False, **given: Any
        ) -> None:
            from realtimekit.cli import output  # noqa: PLC0415 - rich, loaded when a command runs

            shown = (secret.field,) if secret and reveal else ()
            found = command(client, **given)
            output.show_list(form, title, columns, found, None if everything else limit, reveal=shown)

        return _revealing(listed, secret)

    return decorated


def showing(secret: Secret | None = None) -> Callable[[Function], Any]:
    """A command that returns a record, which is printed.

    Args:
        secret: a field that is shown only with its own flag.
    """

    def decorated(command: Function) -> Function:
        @formats
        @asking
        @functools.wraps(command)
        def shown(client: Any, *, form: str | None = None, reveal: bool = False, **given: Any) -> None:
            from realtimekit.cli import output  # noqa: PLC0415 - as above

            output.show_record(form, command(client, **given), reveal=(secret.field,) if secret and reveal else ())

        return _revealing(shown, secret)

    return decorated


def _revealing(command: Function, secret: Secret | None) -> Function:
    return click.option(secret.flag, "reveal", is_flag=True, help=secret.help)(command) if secret else command


def confirmed(question: str) -> Callable[[Function], Any]:
    """Asks before the command does what cannot be undone.

    Args:
        question: with the names of the command's arguments in braces.
    """

    def decorated(command: Function) -> Function:
        @click.option("--yes", is_flag=True, help="Do not ask first.")
        @functools.wraps(command)
        def asked(*, yes: bool, **given: Any) -> Any:
            if not yes:
                confirm(question.format(**given))
            return command(**given)

        return asked

    return decorated


def confirm(question: str) -> None:
    """Ask on the terminal; anything but yes ends the command. Where there is nobody to ask, that is wrong usage."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} There is nobody to ask here: give --yes")
    click.confirm(question, abort=True, err=True)


def between(start: str = "start_time", end: str = "end_time") -> Callable[[Function], Any]:
    """The options `--since` and `--until`.

    Args:
        start: what the first is called in the SDK.
        end: what the second is called there.
    """

    def decorated(command: Function) -> Function:
        until = click.option("--until", end, metavar="TIME", type=an_end, help="A day counts to its end.")
        since = click.option("--since", start, metavar="TIME", type=a_start, help="A date or a time, in UTC.")
        return since(until(command))

    return decorated


def flags(*named: tuple[str, str]) -> Callable[[Function], Any]:
    """Options that can be on, off or left as they are: `--name/--no-name`, with what each does."""

    def decorated(command: Function) -> Function:
        for name, text in reversed(named):
            command = click.option(f"--{name}/--no-{name}", default=None, help=text)(command)
        return command

    return decorated


def patience(timeout: float) -> Callable[[Function], Any]:
    """The options `--timeout` and `--poll` of a command that waits."""

    def decorated(command: Function) -> Function:
        for name, default, text in (
            ("--poll", 5.0, "From one look to the next."),
            ("--timeout", timeout, "How long to wait in all."),
        ):
            option = click.option(name, metavar="SECONDS", type=seconds, default=default, show_default=True, help=text)
            command = option(command)
        return command

    return decorated


def from_file(text: str, *, required: bool = False) -> Callable[[Function], Any]:
    """The option `--from FILE`; what is given by other options goes before what is in the file."""
    help_text = f"{text}, as JSON; - reads stdin."
    return click.option("--from", "fields", metavar="FILE", type=json_fields, required=required, help=help_text)


@contextmanager
def as_usage() -> Generator[None]:
    """What the SDK would refuse as a programmer's mistake came from the command line, or from a file named there."""
    try:
        yield
    except RealtimeKitError:
        raise
    except (TypeError, ValueError) as error:
        raise click.UsageError(str(error)) from None
