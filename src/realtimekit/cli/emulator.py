"""`realtimekit emulator`: a local RealtimeKit over HTTP."""

from __future__ import annotations

import json
import signal
import threading
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from realtimekit.emulator import Emulator
    from realtimekit.emulator.server import Server


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Anything but loopback opens it to the network.")
@click.option("--port", default=8787, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--db", type=click.Path(dir_okay=False), help="Keep everything in this SQLite file, not in memory.")
@click.option(
    "--demo", is_flag=True, help="Begin with a session to look at: sess-1 in app-1, with the token emulator-token."
)
@click.option("--deliver-anywhere", is_flag=True, help="Send webhooks to other machines than this one, too.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON on stdout when it is ready.")
def emulator(host: str, port: int, db: str | None, *, demo: bool, deliver_anywhere: bool, as_json: bool) -> None:
    """Run a local RealtimeKit until Ctrl-C or SIGTERM."""
    import sqlite3  # noqa: PLC0415

    from realtimekit.cli import scene  # noqa: PLC0415
    from realtimekit.emulator import Emulator  # noqa: PLC0415 - only this command needs it

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
        f"The people and the clock: {server.control_url}",
    ]
    if demo:
        lines.append("A session to look at: realtimekit sessions show sess-1")
    return "\n".join([*lines, "Ctrl-C stops it."])
