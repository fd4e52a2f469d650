"""Options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import click

from realtimekit.cli.output_paths import output_file, write_output_to
from realtimekit.cli.param_types import (
    end_time,
    http_url,
    json_object,
    positive_seconds,
    record_limit,
    resource_id,
    start_time,
)
from realtimekit.cli.terminal import confirm
from realtimekit.settings import ENVIRONMENT, is_loopback

Command: TypeAlias = Callable[..., Any]
Decorator: TypeAlias = Callable[[Command], Command]

DEFAULT_LIMIT = 20  # records that a list shows

# File extension -> output format. Any other extension means the default format.
EXTENSIONS = {".csv": "csv", ".json": "json", ".md": "markdown", ".srt": "srt", ".txt": "text", ".vtt": "vtt"}

output_option: Decorator = click.option(
    "-o", "--output", metavar="FILE", type=output_file,
    help="Write to this file instead of stdout. Its extension chooses the format, unless an option does.",
)  # fmt: skip


def json_option(command: Command) -> Command:
    """Add `--json`, and `-o/--output` for a file to which the result is written instead of stdout."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @output_option
    @functools.wraps(command)
    def wrapper(*, as_json: bool, output: str | None, **kwargs: Any) -> Any:
        with write_output_to(output):
            return command(**kwargs, as_json=as_json or _format_for(output) == "json")

    return wrapper


def _format_for(output: str | None) -> str | None:
    return EXTENSIONS.get(PurePath(output or "").suffix.lower())


def account_options(command: Command) -> Command:
    """Add `--app-id` and `--account-id`."""
    for flag, setting in (("--account-id", "account_id"), ("--app-id", "app_id")):
        help_text = f"Use this instead of {ENVIRONMENT[setting]}."
        command = click.option(flag, metavar="ID", type=resource_id, help=help_text)(command)
    return command


ARCHIVE_VARIABLE = "REALTIMEKIT_ARCHIVE"
ARCHIVE = "realtimekit.archive"  # the key of the target of `--archive`, for `with_client`


def archive_option(command: Command) -> Command:
    """Add `--archive`: the command reads what it prints from an archive."""

    def remember(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        if value:
            context.meta[ARCHIVE] = value

    return click.option(
        "--archive",
        metavar="TARGET",
        envvar=ARCHIVE_VARIABLE,
        callback=remember,
        expose_value=False,
        help=f"Read from this archive instead of the API.  [env: {ARCHIVE_VARIABLE}]",
    )(command)


def format_flags(*, to_file: bool = True, **formats: str) -> Decorator:
    """Add a flag for each output format, and `-o/--output`.

    The command gets the chosen name as `output_format`, or None. Two flags at once are a usage error.

    Args:
        to_file: whether to add `-o/--output`; not for commands that write files of their own.
        formats: the help text of each, by its name.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def wrapper(**kwargs: Any) -> Any:
            output = kwargs.pop("output") if to_file else None
            chosen = [name for name in formats if kwargs.pop(f"as_{name}")]
            if len(chosen) > 1:
                raise click.UsageError(f"give only one of {' and '.join(f'--{name}' for name in chosen)}")
            if not chosen and (format_of_file := _format_for(output)) in formats:
                chosen = [str(format_of_file)]
            with write_output_to(output):
                return command(**kwargs, output_format=chosen[0] if chosen else None)

        decorated: Command = output_option(wrapper) if to_file else wrapper
        for name, help_text in reversed(formats.items()):
            decorated = click.option(f"--{name}", f"as_{name}", is_flag=True, help=help_text)(decorated)
        return decorated

    return decorate


format_options: Decorator = format_flags(json="Print JSON.", csv="Print CSV.")


def limit_options(command: Command) -> Command:
    """Add `--limit` and `--all`. The command gets `limit`, which is None for all records."""

    @click.option(
        "--limit", metavar="N", type=record_limit, help=f"Show at most N records.  [default: {DEFAULT_LIMIT}]"
    )
    @click.option("--all", "everything", is_flag=True, help="Show all records, however many pages they take.")
    @functools.wraps(command)
    def wrapper(*, limit: int | None, everything: bool, **kwargs: Any) -> Any:
        if everything and limit:
            raise click.UsageError("give --limit or --all, not both")
        return command(**kwargs, limit=None if everything else limit or DEFAULT_LIMIT)

    return wrapper


def time_range_options(start: str = "start_time", end: str = "end_time") -> Decorator:
    """Add `--since` and `--until`.

    Args:
        start: the SDK's name for the first.
        end: the SDK's name for the second.
    """

    def decorate(command: Command) -> Command:
        @click.option(
            "--since",
            start,
            metavar="TIME",
            type=start_time,
            help="From this date or time on, in UTC. Also 12h, 7d, 2w (hours, days, weeks ago), today and yesterday.",
        )
        @click.option(
            "--until", end, metavar="TIME", type=end_time, help="Up to this time, or to the end of this date."
        )  # fmt: skip
        @functools.wraps(command)
        def wrapper(**kwargs: Any) -> Any:
            if kwargs[start] and kwargs[end] and kwargs[start] > kwargs[end]:
                raise click.UsageError("--since is later than --until: the range is empty")
            return command(**kwargs)

        return wrapper

    return decorate


def boolean_options(*options: tuple[str, str]) -> Decorator:
    """Add `--name/--no-name` for each name and help text. The command gets None where neither is given."""

    def decorate(command: Command) -> Command:
        for name, help_text in reversed(options):
            command = click.option(f"--{name}/--no-{name}", default=None, help=help_text)(command)
        return command

    return decorate


def wait_options(timeout: float) -> Decorator:
    """Add `--timeout` and `--poll-interval` to a command that waits.

    Args:
        timeout: the default of `--timeout`, in seconds.
    """

    def decorate(command: Command) -> Command:
        for name, default, help_text in (
            ("--poll-interval", 5.0, "Interval between two requests."),
            ("--timeout", timeout, "How long to wait in total."),
        ):
            option = click.option(
                name, metavar="SECONDS", type=positive_seconds, default=default, show_default=True, help=help_text
            )
            command = option(command)
        return command

    return decorate


def from_file_option(contents: str, *, required: bool = False) -> Decorator:
    """Add `--from FILE`. The command gets its JSON object as `fields`; other options take precedence over it."""
    help_text = f"{contents}, as JSON; - reads stdin."
    return click.option("--from", "fields", metavar="FILE", type=json_object, required=required, help=help_text)


def confirmation_option(question: str) -> Decorator:
    """Ask before a command does what cannot be undone, and add `--yes`.

    Args:
        question: a template with the names of the command's arguments in braces.
    """

    def decorate(command: Command) -> Command:
        @click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
        @functools.wraps(command)
        def wrapper(*, yes: bool, **kwargs: Any) -> Any:
            if not yes:
                confirm(question.format(**kwargs))
            return command(**kwargs)

        return wrapper

    return decorate


def _emulator_origin(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    """Return the origin of an emulator that is given by its origin or its base URL."""
    if not value:
        start = "start one with `realtimekit emulator --demo` and set the variables that it prints"
        text = f"this command needs an emulator: {start}, or give its URL with --emulator"
        raise click.UsageError(f"{ENVIRONMENT['base_url']} is not set, and {text}")
    parts = urlsplit(http_url(value))
    if not is_loopback(parts.hostname or ""):
        text = "this command needs an emulator (`realtimekit emulator`), not RealtimeKit itself"
        raise click.BadParameter(f"{value!r} is not on this machine: {text}")
    return f"{parts.scheme}://{parts.netloc}"


emulator_option: Decorator = click.option(
    "--emulator",
    metavar="URL",
    callback=_emulator_origin,
    envvar=ENVIRONMENT["base_url"],
    help=f"Use this emulator on this machine instead of {ENVIRONMENT['base_url']}.",
)
