"""`realtimekit webhooks`: where RealtimeKit tells what happens; and what helps to write what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, get_args

import click

from realtimekit.cli.addresses import EMULATOR, a_url
from realtimekit.cli.groups import Group
from realtimekit.cli.options import Column, an_id, asking, confirmed, formats, listing, showing
from realtimekit.cli.output_paths import a_folder

if TYPE_CHECKING:
    from realtimekit import RealtimeKit, Webhook

COLUMNS = (
    Column("id"),
    Column("name", folds=True),
    Column("enabled"),
    Column("url", folds=True),
    Column("events", folds=True, wide=True),
    Column("created_at", "created (UTC)", wide=True),
)


def known_events(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """For shells that complete; which there are, the server says."""
    from realtimekit.resources.webhook import WebhookEvent  # noqa: PLC0415 - while a shell completes, alone

    return [name for name in get_args(get_args(WebhookEvent)[0]) if name.startswith(incomplete)]


@click.group(cls=Group)
def webhooks() -> None:
    """Where RealtimeKit tells what happens, and what was told."""


@webhooks.command("list")
@listing("Webhooks", COLUMNS)
def list_webhooks(client: RealtimeKit) -> Any:
    """List the webhooks of the app."""
    return client.webhooks.where()


@webhooks.command("show")
@click.argument("webhook_id", type=an_id)
@showing()
def show_webhook(client: RealtimeKit, webhook_id: str) -> Webhook:
    """Show one webhook."""
    return client.webhooks.find(webhook_id)


@webhooks.command("create")
@click.option("--name", required=True, help="What it is called.")
@click.option("--url", metavar="URL", required=True, help="Where the events go.")
@click.option(
    "--event",
    "events",
    metavar="NAME",
    shell_complete=known_events,
    multiple=True,
    help="Of these events; else of all.",
)
@click.option("--disabled", is_flag=True, help="Without being sent anything yet.")
@showing()
def create_webhook(
    client: RealtimeKit, name: str, url: str, events: tuple[str, ...] = (), *, disabled: bool
) -> Webhook:
    """Create a webhook."""
    return client.webhooks.create(name=name, url=url, events=events or client.webhooks.events(), enabled=not disabled)


@webhooks.command("update")
@click.argument("webhook_id", type=an_id)
@click.option("--name", help="What it is called.")
@click.option("--url", metavar="URL", help="Where the events go.")
@click.option(
    "--event",
    "events",
    metavar="NAME",
    shell_complete=known_events,
    multiple=True,
    help="Of these events, and no others.",
)
@click.option("--enable/--disable", "enabled", default=None, help="Whether it is sent anything.")
@showing()
def update_webhook(client: RealtimeKit, webhook_id: str, **changes: Any) -> Webhook:
    """Change what is given of a webhook, and nothing else."""
    if not changes:
        raise click.UsageError("nothing to change: give one of --name, --url, --event, --enable and --disable at least")
    return client.webhooks.ref(webhook_id).update(**changes)


@webhooks.command("delete")
@click.argument("webhook_id", type=an_id)
@confirmed("Delete the webhook {webhook_id}?")
@asking
def delete_webhook(client: RealtimeKit, webhook_id: str) -> None:
    """Delete a webhook."""
    client.webhooks.ref(webhook_id).destroy()
    click.echo(f"Deleted the webhook {webhook_id}")


@webhooks.command("events")
@formats
@asking
def list_events(client: RealtimeKit, form: str | None = None) -> None:
    """List the names of all events that there are."""
    from realtimekit.cli import output  # noqa: PLC0415 - rich, loaded when a command runs

    names = client.webhooks.events()
    output.show_rows(form, f"Events: {len(names)}", [Column("event")], [[name] for name in names], names)


@webhooks.command("listen")
@click.option("--forward-to", metavar="URL", type=a_url, help="Where each event goes on to, as it came.")
@click.option(
    "--event", "events", metavar="NAME", shell_complete=known_events, multiple=True, help="Only these events."
)
@click.option("--save", "folder", metavar="FOLDER", type=a_folder, help="Where each is kept: its body and headers.")
@EMULATOR
@click.option("--app-id", metavar="ID", help="Instead of REALTIMEKIT_APP_ID.")
@click.option("--account-id", metavar="ID", help="Instead of CLOUDFLARE_ACCOUNT_ID.")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each event.")
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
    """Show the events of an emulator as they come, until Ctrl-C, and forward them.

    What the other end answers goes back to the emulator, so that it tries again as RealtimeKit does; where nothing
    answers, that is a 502. The webhook that this needs is there only meanwhile. What --save keeps, `webhooks verify`
    reads.
    """
    import os  # noqa: PLC0415 - as below

    needed = {"CLOUDFLARE_API_TOKEN": "", "CLOUDFLARE_ACCOUNT_ID": account_id, "REALTIMEKIT_APP_ID": app_id}
    absent = [name for name, given in needed.items() if not (given or os.environ.get(name, "").strip())]
    if absent:
        text = f"not set: {', '.join(absent)}. The emulator prints them when it starts, as lines with `export`"
        raise click.UsageError(text)
    from realtimekit import RealtimeKit  # noqa: PLC0415 - loaded when a command runs, not for its help
    from realtimekit.cli import webhooks_listen  # noqa: PLC0415 - as above

    with RealtimeKit(base_url=f"{emulator}/client/v4", app_id=app_id, account_id=account_id) as client:
        webhooks_listen.listen(client, emulator, forward_to, events, folder, as_json=as_json)


@webhooks.command("trigger")
@click.argument("event", shell_complete=known_events)
@click.option("--to", metavar="URL", type=a_url, required=True, help="Where it goes.")
@EMULATOR
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def trigger(event: str, to: str, emulator: str, *, as_json: bool) -> None:
    """Have an emulator send one signed sample of an event, and show what became of it.

    It is about the newest session of the emulator's app that has ended, so that your code can read it; about one that
    is made up, where there is none.

    Exit codes: 0 it was delivered, 1 it was not, 2 wrong usage.
    """
    from realtimekit.cli import webhooks_trigger  # noqa: PLC0415 - as above

    if not webhooks_trigger.trigger(emulator, event, to, as_json=as_json):
        raise click.exceptions.Exit(1)


@webhooks.command("verify")
@click.option("--body", "file", metavar="FILE", type=click.File("rb"), required=True, help="As it came; - is stdin.")
@click.option("--header", "lines", metavar="'NAME: VALUE'", multiple=True, help="Of the delivery.")
@click.option("--headers", "head", metavar="FILE", type=click.File("rb"), help="All of them, a line for each.")
@click.option("--public-key", metavar="FILE", type=click.File("rb"), help="In PEM, instead of the one of RealtimeKit.")
@click.option("--key-url", metavar="URL", type=a_url, help="Where the public key is, if not at RealtimeKit.")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def verify(
    file: BinaryIO,
    lines: tuple[str, ...],
    head: BinaryIO | None,
    public_key: BinaryIO | None,
    key_url: str | None,
    *,
    as_json: bool,
) -> None:
    """Say whether RealtimeKit signed a delivery that was captured, and if not, why not.

    Where REALTIMEKIT_BASE_URL points to an emulator on this machine, its key counts.

    Exit codes: 0 it is signed, 1 it is not or nobody can tell, 2 wrong usage.
    """
    from realtimekit.cli import webhooks_verify  # noqa: PLC0415 - as above

    if not lines and head is None:
        raise click.UsageError("give the headers: each with --header, or a file of them with --headers")
    if public_key and key_url:
        raise click.UsageError("give --public-key or --key-url, not both")
    headers = [_header(line, "--header") for line in lines]
    if head is not None:
        headers += [_header(line, "--headers") for line in webhooks_verify.lines_of(head.read())]
    pem = public_key.read() if public_key else None
    if not webhooks_verify.verify(file.read(), headers, pem, key_url, as_json=as_json):
        raise click.exceptions.Exit(1)


def _header(line: str, option: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise click.BadParameter(f"{line[:20]!r} is not 'NAME: VALUE'", param_hint=option)
    return name.strip(), value.strip()
