"""What the commands share: which app they ask, how they answer, how much of it, and a question before harm is done."""

from __future__ import annotations

import functools
import os
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from realtimekit.cli.param_types import a_count, a_start, an_end, json_fields, seconds
from realtimekit.errors import RealtimeKitError
from realtimekit.paths import segment
from realtimekit.settings import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TextIO

    from realtimekit.settings import Settings, TransportName

Function = Any  # a command, or what becomes one: click's own decorators know no more
LIMIT = 20  # what a list shows, unless told otherwise


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


def an_id(value: str) -> str:
    """An id that can be one; the SDK would refuse it, too, but as a programmer's mistake."""
    try:
        segment("id", value)
    except ValueError:
        raise click.BadParameter(f"{value!r} cannot be an id") from None
    return value


def asking(command: Function) -> Function:
    """Gives a command its client as the first argument. Options that were not given are not passed on."""

    @click.option("--app-id", metavar="ID", type=an_id, help="Instead of REALTIMEKIT_APP_ID.")
    @click.option("--account-id", metavar="ID", type=an_id, help="Instead of CLOUDFLARE_ACCOUNT_ID.")
    @functools.wraps(command)
    def asked(*, app_id: str | None, account_id: str | None, **given: Any) -> Any:
        from realtimekit import RealtimeKit  # noqa: PLC0415 - loaded when a command runs, not for its help

        # pyreqwest would not notice Ctrl-C before the server answers.
        transport: TransportName | None = None if os.environ.get(ENVIRONMENT["transport"], "").strip() else "httpcore2"
        with RealtimeKit(app_id=app_id, account_id=account_id, transport=transport) as client:
            _check_ids(client.settings)
            return command(client, **{name: value for name, value in given.items() if value not in (None, ())})

    return asked


def _check_ids(settings: Settings) -> None:
    """As `an_id`, of what stands in the environment."""
    for name in ("account_id", "app_id"):
        value = getattr(settings, name)
        try:
            segment(name, value or "none")
        except ValueError:
            raise click.ClickException(f"{ENVIRONMENT[name]}: {value!r} cannot be an id") from None


def one_of(**forms: str) -> Callable[[Function], Any]:
    """Passes on `form`: which of these flags was given, if any. Two of them are wrong usage.

    Args:
        forms: the help of each, by its name.
    """

    def decorated(command: Function) -> Function:
        @functools.wraps(command)
        def chosen(**given: Any) -> Any:
            named = [form for form in forms if given.pop(f"as_{form}")]
            if len(named) > 1:
                raise click.UsageError(f"give only one of {' and '.join(f'--{form}' for form in named)}")
            return command(**given, form=named[0] if named else None)

        for form, text in reversed(forms.items()):
            chosen = click.option(f"--{form}", f"as_{form}", is_flag=True, help=text)(chosen)
        return chosen

    return decorated


def formats(command: Function) -> Function:
    """Passes on `form`: "json", "csv", or nothing for people."""
    return one_of(json="JSON on stdout.", csv="CSV on stdout.")(command)


def _amount(command: Function) -> Function:
    """Passes on `limit`; nothing for all there are."""

    @click.option("--limit", metavar="N", type=a_count, help=f"At most N.  [default: {LIMIT}]")
    @click.option("--all", "everything", is_flag=True, help="All there are, however many pages.")
    @functools.wraps(command)
    def limited(*, limit: int | None, everything: bool, **given: Any) -> Any:
        if everything and limit:
            raise click.UsageError("give --limit or --all, not both")
        return command(**given, limit=None if everything else limit or LIMIT)

    return limited


def listing(title: str, columns: tuple[Column, ...], secret: Secret | None = None) -> Callable[[Function], Any]:
    """A command that returns a relation, whose first records are printed, or all.

    Args:
        title: of the table.
        columns: of the table and of the CSV.
        secret: a field that is shown only with its own flag.
    """

    def decorated(command: Function) -> Function:
        @_amount
        @formats
        @asking
        @functools.wraps(command)
        def listed(
            client: Any, *, limit: int | None = None, form: str | None = None, reveal: bool = False, **given: Any
        ) -> None:
            from realtimekit.cli import output  # noqa: PLC0415 - rich, loaded when a command runs

            shown = (secret.field,) if secret and reveal else ()
            output.show_list(form, title, columns, command(client, **given), limit, reveal=shown)

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
    if not on_a_terminal(sys.stdin):
        raise click.UsageError(f"{question} There is nobody to ask here: give --yes")
    click.confirm(question, abort=True, err=True)


def on_a_terminal(stream: TextIO | None) -> bool:
    """Whether a person is at the other end; a shell can also close a stream (`2>&-`)."""
    return stream is not None and stream.isatty()


def between(start: str = "start_time", end: str = "end_time") -> Callable[[Function], Any]:
    """The options `--since` and `--until`.

    Args:
        start: what the first is called in the SDK.
        end: what the second is called there.
    """

    def decorated(command: Function) -> Function:
        @click.option("--since", start, metavar="TIME", type=a_start, help="A date or a time, in UTC.")
        @click.option("--until", end, metavar="TIME", type=an_end, help="A day counts to its end.")
        @functools.wraps(command)
        def ordered(**given: Any) -> Any:
            if given[start] and given[end] and given[start] > given[end]:
                raise click.UsageError("--since is later than --until: nothing lies between them")
            return command(**given)

        return ordered

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
        words = re.sub(r"^\w+\(\) got an unexpected keyword argument", "there is no field", str(error))
        words = re.sub(r"^\w+\(\) needs ", "these fields are missing: ", words)
        raise click.UsageError(words) from None
