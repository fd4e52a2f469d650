"""What most commands have in common: a client, a list or a record to print, and usage errors."""

from __future__ import annotations

import functools
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.error_messages import format_error
from realtimekit.cli.options import ARCHIVE, account_options, format_options, limit_options
from realtimekit.errors import RealtimeKitError
from realtimekit.paths import encode_segment
from realtimekit.settings import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Generator

    from realtimekit.cli.columns import Column, SecretField
    from realtimekit.cli.options import Command, Decorator
    from realtimekit.settings import Settings, TransportName


def with_client(command: Command) -> Command:
    """Pass a client as the first argument, and leave out options that were not given."""

    @account_options
    @functools.wraps(command)
    def wrapper(*, app_id: str | None, account_id: str | None, **kwargs: Any) -> Any:
        from realtimekit import RealtimeKit  # loaded when a command runs, not for its help

        options = {name: value for name, value in kwargs.items() if value not in (None, ())}
        if (target := click.get_current_context().meta.get(ARCHIVE)) is not None:
            from realtimekit.archive import Archive

            with RealtimeKit(transport=Archive(target, create=False).transport()) as client:
                return command(client, **options)
        # pyreqwest would not notice Ctrl-C until the server responds.
        transport: TransportName | None = None if os.environ.get(ENVIRONMENT["transport"], "").strip() else "httpcore2"
        with RealtimeKit(app_id=app_id, account_id=account_id, transport=transport) as client:
            _validate_ids(client.settings)
            try:
                return command(client, **options)
            except RealtimeKitError as error:
                raise click.ClickException(format_error(error, client.settings.base_url)) from None

    return wrapper


def _validate_ids(settings: Settings) -> None:
    """Refuse invalid ids from the environment, as `resource_id` does for those on the command line."""
    for name in ("account_id", "app_id"):
        value = getattr(settings, name)
        try:
            encode_segment(name, value or "none")
        except ValueError:
            raise click.ClickException(f"{ENVIRONMENT[name]}: {value!r} is not a valid id") from None


def list_command(title: str, columns: tuple[Column, ...], secret: SecretField | None = None) -> Decorator:
    """Print the first records, or all, of the relation that a command returns.

    Args:
        title: the title of the table.
        columns: the columns of the table and of the CSV.
        secret: a field that is printed only with its own flag.
    """

    def decorate(command: Command) -> Command:
        @limit_options
        @format_options
        @with_client
        @functools.wraps(command)
        def wrapper(
            client: Any,
            *,
            limit: int | None = None,
            output_format: str | None = None,
            reveal: bool = False,
            **kwargs: Any,
        ) -> None:
            from realtimekit.cli import output  # rich, loaded when a command runs

            fields = (secret.field,) if secret and reveal else ()
            output.print_list(output_format, title, columns, command(client, **kwargs), limit, reveal=fields)

        return _reveal_flag(wrapper, secret)

    return decorate


def show_command(secret: SecretField | None = None) -> Decorator:
    """Print the record that a command returns.

    Args:
        secret: a field that is printed only with its own flag.
    """

    def decorate(command: Command) -> Command:
        @format_options
        @with_client
        @functools.wraps(command)
        def wrapper(client: Any, *, output_format: str | None = None, reveal: bool = False, **kwargs: Any) -> None:
            from realtimekit.cli import output

            fields = (secret.field,) if secret and reveal else ()
            output.print_record(output_format, command(client, **kwargs), reveal=fields)

        return _reveal_flag(wrapper, secret)

    return decorate


def _reveal_flag(command: Command, secret: SecretField | None) -> Command:
    return click.option(secret.flag, "reveal", is_flag=True, help=secret.help)(command) if secret else command


@contextmanager
def usage_errors() -> Generator[None]:
    """Report the SDK's `TypeError` and `ValueError` as wrong usage: the values came from the command line or a file."""
    try:
        yield
    except RealtimeKitError:
        raise
    except (TypeError, ValueError) as error:
        text = re.sub(r"^\w+\(\) got an unexpected keyword argument", "there is no field", str(error))
        text = re.sub(r"^\w+\(\) needs ", "these fields are missing: ", text)
        raise click.UsageError(text) from None
