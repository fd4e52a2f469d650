"""`realtimekit webhooks`: manage webhooks, and receive, send and verify deliveries during development."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, get_args

import click

from realtimekit.cli.columns import Column
from realtimekit.cli.decorators import list_command, show_command, with_client
from realtimekit.cli.enums import suggest
from realtimekit.cli.error_messages import format_error
from realtimekit.cli.groups import Group
from realtimekit.cli.options import account_options, confirmation_option, emulator_option, format_options, json_option
from realtimekit.cli.output_paths import output_folder
from realtimekit.cli.param_types import http_url, resource_id
from realtimekit.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from realtimekit import RealtimeKit, Webhook
    from realtimekit.cli.options import Decorator

COLUMNS = (
    Column("id"),
    Column("name", fold=True),
    Column("enabled"),
    Column("url", fold=True),
    Column("events", fold=True, wide_only=True),
    Column("created_at", "created (UTC)", wide_only=True),
)


def _known_events() -> tuple[str, ...]:
    """Return the events that this version knows. Options are not checked against them: the server may know more."""
    from realtimekit.resources.webhook import WebhookEvent  # only for completion and errors

    names: tuple[str, ...] = get_args(get_args(WebhookEvent)[0])
    return names


def _complete_event(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in _known_events() if name.startswith(incomplete)]


def _event_option(help_text: str) -> Decorator:
    """Add `--event`. The command gets the names as `events`."""
    return click.option(
        "--event", "events", metavar="NAME", shell_complete=_complete_event, multiple=True, help=help_text
    )


@contextmanager
def _event_suggestions(events: Iterable[str]) -> Generator[None]:
    """Add a suggestion for the first unknown event to the error if the server refuses it."""
    try:
        yield
    except (ValidationError, click.ClickException) as error:
        known = _known_events()
        hint = next((suggest(event, known) for event in events if event not in known), "")
        if not hint:
            raise
        message = error.message if isinstance(error, click.ClickException) else format_error(error)
        raise click.ClickException(message + hint) from None


@click.group(cls=Group)
def webhooks() -> None:
    """Manage webhooks, and test how your code receives them."""


@webhooks.command("list")
@list_command("Webhooks", COLUMNS)
def list_webhooks(client: RealtimeKit) -> Any:
    """List the webhooks of the app."""
    return client.webhooks.where()


@webhooks.command("show")
@click.argument("webhook_id", type=resource_id)
@show_command()
def show_webhook(client: RealtimeKit, webhook_id: str) -> Webhook:
    """Show one webhook."""
    return client.webhooks.find(webhook_id)


@webhooks.command("create")
@click.option("--name", required=True, help="Name of the webhook.")
@click.option("--url", metavar="URL", required=True, help="URL to which events are delivered.")
@_event_option("Event to deliver (repeatable); by default all events.")
@click.option("--disabled", is_flag=True, help="Create it disabled: nothing is delivered yet.")
@show_command()
def create_webhook(
    client: RealtimeKit, name: str, url: str, events: tuple[str, ...] = (), *, disabled: bool
) -> Webhook:
    """Create a webhook."""
    with _event_suggestions(events):
        return client.webhooks.create(
            name=name, url=url, events=events or client.webhooks.events(), enabled=not disabled
        )


@webhooks.command("update")
@click.argument("webhook_id", type=resource_id)
@click.option("--name", help="Name of the webhook.")
@click.option("--url", metavar="URL", help="URL to which events are delivered.")
@_event_option("Event to deliver (repeatable); replaces the current events.")
@click.option("--enable/--disable", "enabled", default=None, help="Whether events are delivered.")
@show_command()
def update_webhook(client: RealtimeKit, webhook_id: str, **changes: Any) -> Webhook:
    """Change the given fields of a webhook."""
    if not changes:
        raise click.UsageError("nothing to change: give at least one of --name, --url, --event, --enable and --disable")
    with _event_suggestions(changes.get("events", ())):
        return client.webhooks.ref(webhook_id).update(**changes)


@webhooks.command("delete")
@click.argument("webhook_id", type=resource_id)
@confirmation_option("Delete the webhook {webhook_id}?")
@with_client
def delete_webhook(client: RealtimeKit, webhook_id: str) -> None:
    """Delete a webhook."""
    client.webhooks.ref(webhook_id).destroy()
    click.echo(f"Deleted the webhook {webhook_id}")


@webhooks.command("events")
@format_options
@with_client
def list_events(client: RealtimeKit, output_format: str | None = None) -> None:
    """List the names of all events."""
    from realtimekit.cli import output  # rich, loaded when a command runs

    names = client.webhooks.events()
    output.print_rows(output_format, f"Events: {len(names)}", [Column("event")], [[name] for name in names], names)


@webhooks.command("listen")
@click.option("--forward-to", metavar="URL", type=http_url, help="URL to which each delivery is forwarded unchanged.")
@_event_option("Only this event (repeatable).")
@click.option(
    "-o",
    "--output",
    "--save",
    "folder",
    metavar="FOLDER",
    type=output_folder,
    help="Save the body and headers of each delivery in this folder.",
)
@emulator_option
@account_options
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each event.")
def listen(
    forward_to: str | None,
    events: tuple[str, ...],
    folder: str | None,
    emulator: str,
    app_id: str | None,
    account_id: str | None,
    *,
    as_json: bool,
) -> None:
    """Receive the events of an emulator until Ctrl-C: show and forward them.

    The response to a forwarded event goes back to the emulator, which retries as RealtimeKit does. If there is none,
    the status is 502. The webhook for this exists only while the command runs. `webhooks verify` reads what --save
    saves.
    """
    import os

    required = {"CLOUDFLARE_API_TOKEN": "", "CLOUDFLARE_ACCOUNT_ID": account_id, "REALTIMEKIT_APP_ID": app_id}
    missing = [name for name, option in required.items() if not (option or os.environ.get(name, "").strip())]
    if missing:
        text = f"not set: {', '.join(missing)}. The emulator prints them when it starts, as `export` lines"
        raise click.UsageError(text)
    from realtimekit import RealtimeKit  # loaded when a command runs, not for its help
    from realtimekit.cli import webhooks_listen

    address = f"{emulator}/client/v4"
    with _event_suggestions(events), RealtimeKit(base_url=address, app_id=app_id, account_id=account_id) as client:
        webhooks_listen.listen(client, emulator, forward_to, events, folder, as_json=as_json)


@webhooks.command("trigger")
@click.argument("event", shell_complete=_complete_event)
@click.option("--to", metavar="URL", type=http_url, required=True, help="URL to which the sample is delivered.")
@emulator_option
@json_option
def trigger(event: str, to: str, emulator: str, *, as_json: bool) -> None:
    """Make an emulator deliver one signed sample of an event, and show the result.

    The sample is about the last session of the emulator's app that has ended, so that your code can read it. If there
    is no suitable session, its ids are made up.

    Exit codes: 0 delivered, 1 not delivered, 2 wrong usage.
    """
    from realtimekit.cli import webhooks_trigger

    with _event_suggestions([event]):
        delivered = webhooks_trigger.trigger(emulator, event, to, as_json=as_json)
    if not delivered:
        raise click.exceptions.Exit(1)


@webhooks.command("verify")
@click.option(
    "--body",
    "body_file",
    metavar="FILE",
    type=click.File("rb"),
    required=True,
    help="Body of the delivery, unchanged; - is stdin.",
)
@click.option("--header", "lines", metavar="'NAME: VALUE'", multiple=True, help="Header of the delivery (repeatable).")
@click.option(
    "--headers", "headers_file", metavar="FILE", type=click.File("rb"), help="File with all headers, one on each line."
)
@click.option(
    "--public-key", metavar="FILE", type=click.File("rb"), help="Public key in PEM, instead of RealtimeKit's."
)
@click.option("--key-url", metavar="URL", type=http_url, help="URL of the public key, if it is not RealtimeKit's.")
@json_option
def verify(
    body_file: BinaryIO,
    lines: tuple[str, ...],
    headers_file: BinaryIO | None,
    public_key: BinaryIO | None,
    key_url: str | None,
    *,
    as_json: bool,
) -> None:
    """Verify the signature of a captured delivery. If it is invalid, say why.

    If REALTIMEKIT_BASE_URL points to an emulator on this machine, the key of the emulator is used.

    Exit codes: 0 valid, 1 invalid or not verifiable, 2 wrong usage.
    """
    from realtimekit.cli import webhooks_verify

    if not lines and headers_file is None:
        raise click.UsageError("give the headers: each with --header, or a file with all of them with --headers")
    if public_key and key_url:
        raise click.UsageError("give --public-key or --key-url, not both")
    headers = [_parse_header(line, "--header") for line in lines]
    if headers_file is not None:
        headers += [_parse_header(line, "--headers") for line in webhooks_verify.header_lines(headers_file.read())]
    pem = public_key.read() if public_key else None
    if not webhooks_verify.verify(body_file.read(), headers, pem, key_url, as_json=as_json):
        raise click.exceptions.Exit(1)


def _parse_header(line: str, option: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise click.BadParameter(f"{line[:20]!r} is not 'NAME: VALUE'", param_hint=option)
    return name.strip(), value.strip()
