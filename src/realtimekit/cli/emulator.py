"""`realtimekit emulator`: a local RealtimeKit over HTTP; and the people and the clock of one that runs."""

from __future__ import annotations

import functools
import json
import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.addresses import EMULATOR
from realtimekit.cli.groups import Group
from realtimekit.cli.options import Column, an_id, confirmed

if TYPE_CHECKING:
    from collections.abc import Generator

    from realtimekit.emulator import Emulator
    from realtimekit.emulator.remote import RemoteEmulator
    from realtimekit.emulator.server import Server

REQUESTS = (
    Column("at", "at (UTC)"),
    Column("method"),
    Column("path", folds=True),
    Column("query", folds=True, wide=True),
    Column("status"),
    Column("milliseconds", "ms"),
)


@click.group(cls=Group, invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Anything but loopback opens it to the network.")
@click.option("--port", default=8787, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--db", type=click.Path(dir_okay=False), help="Keep everything in this SQLite file, not in memory.")
@click.option(
    "--demo", is_flag=True, help="Begin with a session to look at: sess-1 in app-1, with the token emulator-token."
)
@click.option("--deliver-anywhere", is_flag=True, help="Send webhooks to other machines than this one, too.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON on stdout when it is ready.")
@click.pass_context
def emulator(context: click.Context, /, **given: Any) -> None:
    """Run a local RealtimeKit until Ctrl-C or SIGTERM.

    The commands below are for one that runs: they play its people and its clock. Which one is meant says --emulator,
    or REALTIMEKIT_BASE_URL.
    """
    if context.invoked_subcommand is None:
        run(**given)
        return
    for parameter in context.command.params:
        if context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE:
            text = f"{parameter.opts[0]} is for starting an emulator: leave it out before {context.invoked_subcommand}"
            raise click.UsageError(text, context)


def run(host: str, port: int, db: str | None, *, demo: bool, deliver_anywhere: bool, as_json: bool) -> None:
    """Serve until SIGINT or SIGTERM."""
    import signal  # noqa: PLC0415 - only where one is started, like the rest
    import sqlite3  # noqa: PLC0415
    import threading  # noqa: PLC0415

    from realtimekit.cli import scene  # noqa: PLC0415
    from realtimekit.emulator import Emulator  # noqa: PLC0415

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        credentials = scene.CREDENTIALS if demo else scene.Credentials()
        running = Emulator(db, deliver_anywhere=deliver_anywhere, **credentials)
    except (sqlite3.Error, OSError, ValueError) as error:
        raise click.ClickException(f"cannot keep the emulator's state in {db}: {error}") from None
    with running:
        if demo:
            _play_demo(running)
        try:
            server = running.serve(host, port)
        except OSError as error:
            raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}") from None
        with server:
            click.echo(_one_line(running, server) if as_json else _for_people(running, server, db, demo=demo))
            stop.wait()


def _play_demo(running: Emulator) -> None:
    from realtimekit import RealtimeKit  # noqa: PLC0415 - only for --demo
    from realtimekit.cli import scene  # noqa: PLC0415
    from realtimekit.transports.emulator import connected  # noqa: PLC0415

    client = RealtimeKit(**connected(running))
    if not client.sessions.where(search=scene.TITLE).first():
        scene.begin(running)
        running.next_ids.extend(scene.NAMED_IDS)
        scene.play(client, running)
        running.next_ids.clear()


def _one_line(running: Emulator, server: Server) -> str:
    return json.dumps({
        "base_url": server.base_url,
        "control_url": server.control_url,
        "account_id": running.account_id,
        "app_id": running.app_id,
        "api_token": running.api_token,
    })  # fmt: skip


def _for_people(running: Emulator, server: Server, db: str | None, *, demo: bool) -> str:
    lines = [
        f"RealtimeKit emulator, {f'kept in {db}' if db else 'in memory'}. Point the SDK at it:",
        "",
        f"  export REALTIMEKIT_BASE_URL={server.base_url}",
        f"  export CLOUDFLARE_API_TOKEN={running.api_token}",
        f"  export CLOUDFLARE_ACCOUNT_ID={running.account_id}",
        f"  export REALTIMEKIT_APP_ID={running.app_id}",
        "",
        f"The people and the clock: realtimekit emulator --help, or {server.control_url}",
    ]
    if demo:
        lines.append("A session to look at: realtimekit sessions show sess-1")
    return "\n".join([*lines, "Ctrl-C stops it."])


# --- one that runs ----------------------------------------------------------------------------------------------------


def told(command: Any) -> Any:
    """Gives a command the control plane of the emulator that is meant; it returns a line for people, and the JSON."""

    @EMULATOR
    @click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
    @functools.wraps(command)
    def asked(*, emulator: str, as_json: bool, **given: Any) -> None:
        from realtimekit.cli.output import clean  # noqa: PLC0415 - rich, loaded when a command runs

        with controlling(emulator) as control:
            text, document = command(control, **given)
        click.echo(json.dumps(document) if as_json else clean(text).plain)

    return asked


@contextmanager
def controlling(origin: str) -> Generator[RemoteEmulator]:
    """The control plane of an emulator; what it refuses is one line."""
    from realtimekit.cli.output import clean  # noqa: PLC0415 - as above
    from realtimekit.emulator.http import HTTPError  # noqa: PLC0415 - as above
    from realtimekit.emulator.remote import RemoteEmulator  # noqa: PLC0415 - the SDK and the emulator share the wire

    try:
        yield RemoteEmulator(f"{origin}/_emulator")
    except HTTPError as error:
        raise click.ClickException(clean(str(error)).plain.replace("\n", " ")) from None


def some_seconds(value: str) -> float:
    """A time by which a clock can be moved on."""
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number < math.inf:
        raise click.BadParameter(f"{value!r} is no number of seconds from 0 on: the clock only goes on")
    return number


@emulator.command("join")
@click.argument("meeting_id", type=an_id)
@click.argument("participant_id", type=an_id)
@told
def join(control: RemoteEmulator, meeting_id: str, participant_id: str) -> tuple[str, Any]:
    """Have a participant join; the first opens the session."""
    joined = control.join(meeting_id, participant_id)
    return f"Joined the session {joined.session_id} as the peer {joined.peer_id}", joined._asdict()


@emulator.command("leave")
@click.argument("meeting_id", type=an_id)
@click.argument("peer_id", type=an_id)
@told
def leave(control: RemoteEmulator, meeting_id: str, peer_id: str) -> tuple[str, Any]:
    """Have a peer leave the live session of a meeting."""
    control.leave(meeting_id, peer_id)
    return f"The peer {peer_id} has left", {}


@emulator.command("chat")
@click.argument("session_id", type=an_id)
@click.argument("peer_id", type=an_id)
@click.argument("text")
@told
def chat(control: RemoteEmulator, session_id: str, peer_id: str, text: str) -> tuple[str, Any]:
    """Have a peer write in the chat."""
    message_id = control.chat(session_id, peer_id, text)
    return f"Wrote the message {message_id}", {"message_id": message_id}


@emulator.command("speak")
@click.argument("session_id", type=an_id)
@click.argument("peer_id", type=an_id)
@click.argument("text")
@click.option(
    "--start-ms", metavar="N", type=click.IntRange(0), default=0, help="Milliseconds since the session began (0)."
)
@click.option("--end-ms", metavar="N", type=click.IntRange(0), help="Until when; else as long as saying it takes.")
@told
def speak(
    control: RemoteEmulator, session_id: str, peer_id: str, text: str, start_ms: int, end_ms: int | None
) -> tuple[str, Any]:
    """Have a peer say something, for the transcript."""
    from realtimekit.cli.scene import SPOKEN  # noqa: PLC0415 - only where something is said

    until = start_ms + SPOKEN * len(text) if end_ms is None else end_ms
    control.speech(session_id, peer_id, text, start_ms, until)
    return f"Said it, from {start_ms} to {until} ms", {"start_ms": start_ms, "end_ms": until}


@emulator.command("end")
@click.argument("meeting_id", type=an_id)
@told
def end(control: RemoteEmulator, meeting_id: str) -> tuple[str, Any]:
    """End the live session of a meeting."""
    session_id = control.end(meeting_id)
    return f"The session {session_id} has ended", {"session_id": session_id}


@emulator.command("advance")
@click.argument("seconds", type=some_seconds)
@told
def advance(control: RemoteEmulator, seconds: float) -> tuple[str, Any]:
    """Move the clock on; what is due by then happens."""
    now = control.advance(seconds)
    return f"It is {now}", {"now": now}


@emulator.command("reset")
@confirmed("Forget everything in the emulator?")
@told
def reset(control: RemoteEmulator) -> tuple[str, Any]:
    """Forget everything: one empty app again, and real time."""
    control.reset()
    return "Empty again; the credentials are the same", {}


@emulator.command("requests")
@EMULATOR
@click.option("--json", "form", flag_value="json", default=None, help="JSON on stdout.")
@click.option("--csv", "form", flag_value="csv", default=None, help="CSV on stdout.")
def requests(emulator: str, form: str | None) -> None:
    """List the requests to its API so far, oldest first."""
    from realtimekit.cli import output  # noqa: PLC0415 - rich, loaded when a command runs

    with controlling(emulator) as control:
        found = control.requests()
    rows = [[request.get(column.name) for column in REQUESTS] for request in found]
    output.show_rows(form, f"Requests: {len(found)}", REQUESTS, rows, found)
