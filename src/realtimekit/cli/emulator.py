"""`realtimekit emulator`: run an emulator over HTTP, and control one that is running."""

from __future__ import annotations

import functools
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.columns import Column
from realtimekit.cli.groups import Group
from realtimekit.cli.listening import cannot_listen, listen_options
from realtimekit.cli.options import confirmation_option, emulator_option, format_options, json_option
from realtimekit.cli.param_types import clock_seconds, json_value, resource_id

if TYPE_CHECKING:
    from collections.abc import Generator

    from realtimekit.cli.options import Command
    from realtimekit.emulator import Emulator
    from realtimekit.emulator.remote import RemoteEmulator
    from realtimekit.emulator.server import Server

REQUEST_COLUMNS = (
    Column("at", "at (UTC)"),
    Column("method"),
    Column("path", fold=True),
    Column("query", fold=True, wide_only=True),
    Column("status"),
    Column("milliseconds", "ms"),
)


@click.group(cls=Group, invoke_without_command=True)
@listen_options(8787, "the emulator")
@click.option("--db", type=click.Path(dir_okay=False), help="Keep the data in this SQLite file instead of in memory.")
@click.option(
    "--demo", is_flag=True, help="Start with a sample session: sess-1 in app-1, with the token emulator-token."
)
@click.option("--deliver-anywhere", is_flag=True, help="Also send webhooks to other machines.")
@click.option("--observed", is_flag=True, help="Behave like real accounts where the API's description differs.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when it is ready.")
@click.pass_context
def emulator(context: click.Context, /, **options: Any) -> None:
    """Run an emulator of RealtimeKit until Ctrl-C or SIGTERM.

    The commands below control a running emulator: they simulate its participants and move its clock. --emulator or
    REALTIMEKIT_BASE_URL says which one.
    """
    if context.invoked_subcommand is None:
        serve(**options)
        return
    for parameter in context.command.params:
        if context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE:
            text = (
                f"{parameter.opts[0]} is only for starting an emulator: leave it out for {context.invoked_subcommand}"
            )
            raise click.UsageError(text, context)


def serve(
    host: str, port: int, db: str | None, *, demo: bool, deliver_anywhere: bool, observed: bool, as_json: bool
) -> None:
    """Serve until SIGINT or SIGTERM."""
    import sqlite3  # only where an emulator is started, as the rest

    from realtimekit.cli import demo_scenario
    from realtimekit.cli.shutdown import Shutdown
    from realtimekit.emulator import Emulator

    shutdown = Shutdown()
    try:
        credentials = demo_scenario.CREDENTIALS if demo else demo_scenario.Credentials()
        running = Emulator(db, deliver_anywhere=deliver_anywhere, observed=observed, **credentials)
    except (sqlite3.Error, OSError, ValueError) as error:
        raise click.ClickException(f"cannot keep the emulator's state in {db}: {error}") from None
    with shutdown, running:
        if demo:
            _run_demo(running)
        try:
            server = running.serve(host, port)
        except OSError as error:
            raise cannot_listen(host, port, error) from None
        with server:
            click.echo(_ready_json(running, server) if as_json else _ready_text(running, server, db, demo=demo))
            shutdown.wait()


def _run_demo(running: Emulator) -> None:
    from realtimekit import RealtimeKit  # only for --demo
    from realtimekit.cli import demo_scenario
    from realtimekit.transports.emulator import connected

    client = RealtimeKit(**connected(running))
    if not client.sessions.where(search=demo_scenario.TITLE).first():
        demo_scenario.backdate_clock(running)
        running.next_ids.extend(demo_scenario.FIXED_IDS)
        demo_scenario.run(client, running)
        running.next_ids.clear()


def _ready_json(running: Emulator, server: Server) -> str:
    return json.dumps({
        "base_url": server.base_url,
        "control_url": server.control_url,
        "agent_url": server.agent_url,
        "account_id": running.account_id,
        "app_id": running.app_id,
        "api_token": running.api_token,
    })  # fmt: skip


def _ready_text(running: Emulator, server: Server, db: str | None, *, demo: bool) -> str:
    lines = [
        f"RealtimeKit emulator, {f'data in {db}' if db else 'data in memory'}. To point the SDK at it:",
        "",
        f"  export REALTIMEKIT_BASE_URL={server.base_url}",
        f"  export CLOUDFLARE_API_TOKEN={running.api_token}",
        f"  export CLOUDFLARE_ACCOUNT_ID={running.account_id}",
        f"  export REALTIMEKIT_APP_ID={running.app_id}",
        "",
        f"To simulate participants and time: realtimekit emulator --help, or {server.control_url}",
    ]
    if demo:
        lines.append("A sample session: realtimekit sessions show sess-1")
    return "\n".join([*lines, "Ctrl-C stops it."])


# --- control of a running emulator ------------------------------------------------------------------------------------


def control_command(command: Command) -> Command:
    """Pass the control plane of an emulator as the first argument, and print the text or the JSON that is returned."""

    @emulator_option
    @json_option
    @functools.wraps(command)
    def wrapper(*, emulator: str, as_json: bool, **kwargs: Any) -> None:
        from realtimekit.cli.console import echo  # rich, loaded when a command runs

        with control_plane(emulator) as control:
            text, document = command(control, **kwargs)
        echo(json.dumps(document) if as_json else text)

    return wrapper


@contextmanager
def control_plane(origin: str) -> Generator[RemoteEmulator]:
    """Yield the control plane of an emulator, and report its errors in one line."""
    from realtimekit.cli.console import safe_line
    from realtimekit.emulator.http import HTTPError
    from realtimekit.emulator.remote import RemoteEmulator  # the SDK shares only HTTP with the emulator

    try:
        yield RemoteEmulator(f"{origin}/_emulator")
    except HTTPError as error:
        raise click.ClickException(safe_line(error).plain) from None


@emulator.command("join")
@click.argument("meeting_id", type=resource_id)
@click.argument("participant_id", type=resource_id)
@control_command
def join(control: RemoteEmulator, meeting_id: str, participant_id: str) -> tuple[str, Any]:
    """Simulate that a participant joins. The first one starts the session."""
    joined = control.join(meeting_id, participant_id)
    return f"Joined the session {joined.session_id} as the peer {joined.peer_id}", joined._asdict()


@emulator.command("leave")
@click.argument("meeting_id", type=resource_id)
@click.argument("peer_id", type=resource_id)
@control_command
def leave(control: RemoteEmulator, meeting_id: str, peer_id: str) -> tuple[str, Any]:
    """Simulate that a peer leaves the live session of a meeting."""
    control.leave(meeting_id, peer_id)
    return f"The peer {peer_id} has left", {}


@emulator.command("chat")
@click.argument("session_id", type=resource_id)
@click.argument("peer_id", type=resource_id)
@click.argument("text")
@control_command
def chat(control: RemoteEmulator, session_id: str, peer_id: str, text: str) -> tuple[str, Any]:
    """Simulate that a peer sends a chat message."""
    message_id = control.chat(session_id, peer_id, text)
    return f"Sent the message {message_id}", {"message_id": message_id}


@emulator.command("speak")
@click.argument("session_id", type=resource_id)
@click.argument("peer_id", type=resource_id)
@click.argument("text")
@click.option(
    "--start-ms",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Start, in milliseconds after the start of the session.",
)
@click.option("--end-ms", metavar="N", type=click.IntRange(0), help="End; by default as long as the text takes to say.")
@control_command
def speak(
    control: RemoteEmulator, session_id: str, peer_id: str, text: str, start_ms: int, end_ms: int | None
) -> tuple[str, Any]:
    """Simulate that a peer says something, for the transcript."""
    from realtimekit.cli.demo_scenario import SPEECH_MS_PER_CHARACTER  # only this command needs it

    until = start_ms + SPEECH_MS_PER_CHARACTER * len(text) if end_ms is None else end_ms
    control.speak(session_id, peer_id, text, start_ms, until)
    return f"Spoke from {start_ms} to {until} ms", {"start_ms": start_ms, "end_ms": until}


@emulator.command("broadcast")
@click.argument("session_id", type=resource_id)
@click.argument("peer_id", type=resource_id)
@click.argument("type")
@click.argument("payload", type=json_value, default="{}")
@control_command
def broadcast(control: RemoteEmulator, session_id: str, peer_id: str, type: str, payload: Any) -> tuple[str, Any]:
    """Simulate that a peer broadcasts a message of the app to the meeting.

    TYPE is the app's own name for such messages, PAYLOAD any JSON ({} by default).
    """
    control.broadcast(session_id, peer_id, type, payload)
    return f"Broadcast a message of the type {type}", {}


@emulator.command("end")
@click.argument("meeting_id", type=resource_id)
@click.option(
    "--reason",
    type=click.Choice(["host_ended_meeting", "all_participants_left", "force_cleanup"]),
    default="host_ended_meeting",
    show_default=True,
    help="Reason that agents receive.",
)
@control_command
def end(control: RemoteEmulator, meeting_id: str, reason: str) -> tuple[str, Any]:
    """End the live session of a meeting."""
    session_id = control.end(meeting_id, reason)
    return f"The session {session_id} has ended", {"session_id": session_id}


@emulator.command("advance")
@click.argument("seconds", type=clock_seconds)
@control_command
def advance(control: RemoteEmulator, seconds: float) -> tuple[str, Any]:
    """Advance the clock, and run the jobs that are due by then."""
    now = control.advance(seconds)
    return f"The time is {now}", {"now": now}


@emulator.command("reset")
@confirmation_option("Delete all data of the emulator?")
@control_command
def reset(control: RemoteEmulator) -> tuple[str, Any]:
    """Reset the emulator to one empty app and real time."""
    control.reset()
    return "Deleted all data; the credentials are the same", {}


@emulator.command("requests")
@emulator_option
@format_options
def requests(emulator: str, output_format: str | None) -> None:
    """List the requests to the emulator's API so far, oldest first."""
    from realtimekit.cli import output  # rich, loaded when a command runs

    with control_plane(emulator) as control:
        entries = control.requests()
    rows = [[request.get(column.name) for column in REQUEST_COLUMNS] for request in entries]
    output.print_rows(output_format, f"Requests: {len(entries)}", REQUEST_COLUMNS, rows, entries)
