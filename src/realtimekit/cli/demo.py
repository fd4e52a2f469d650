"""`realtimekit demo`: what the SDK is for, shown with an emulator."""

from __future__ import annotations

import json
from contextlib import closing
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from realtimekit.cli.options import json_option
from realtimekit.readable import format_size, pluralize

if TYPE_CHECKING:
    from realtimekit.archive.search import Match
    from realtimekit.archive.verify import Verification


@click.command()
@json_option
def demo(*, as_json: bool) -> None:
    """Simulate a meeting of three people and read its session: needs no account and no network."""
    from realtimekit import RealtimeKit  # only this command needs them
    from realtimekit.cli import demo_scenario, quality_view, session_view
    from realtimekit.cli.console import make_console
    from realtimekit.emulator import Emulator
    from realtimekit.emulator.remote import RemoteEmulator
    from realtimekit.transports.httpcore2 import Httpcore2Transport

    transport = Httpcore2Transport(proxies=False)  # the emulator is on this machine
    progress = make_console(stderr=True, quiet=as_json)
    with (
        Emulator() as running,
        running.serve() as server,
        closing(transport),
        RealtimeKit(
            base_url=server.base_url,
            api_token=running.api_token,
            account_id=running.account_id,
            app_id=running.app_id,
            transport=transport,
        ) as client,
    ):
        demo_scenario.backdate_clock(running)
        progress.print(f"An emulator at {server.base_url}")
        peers = demo_scenario.run(client, RemoteEmulator(server.control_url), lambda text: progress.print(f"  {text}"))

        session = client.sessions.find(peers[0].session_id)
        document = session_view.session_document(session)
        peer = client.sessions.find_participant_by_peer_id(peers[0].peer_id, filters=["quality_stats"])
        document["peer"] = peer.to_dict()
        archived = None
        if all(map(find_spec, ("obstore", "pyarrow"))):  # the extra `archive`
            with TemporaryDirectory() as folder:
                archive, verification = demo_scenario.archive(client, running, folder)
                archived = verification, archive.search(demo_scenario.SEARCH)
            matches = [match.to_dict() for match in archived[1]]
            document["archive"] = {"verification": verification.to_dict(), "matches": matches}
        if as_json:
            click.echo(json.dumps(document, indent=2))
        else:
            click.echo()
            session_view.print_session(session, document)
            quality_view.print_peer_quality(peer)
            if archived is not None:
                print_archive(*archived)


def print_archive(verification: Verification, matches: list[Match]) -> None:
    """Print what the archive proves, and what a search in it finds."""
    from realtimekit.cli import demo_scenario
    from realtimekit.cli.console import echo

    proven = "proven" if verification.ok else "not proven"
    until, sessions = verification.proven_until, pluralize(verification.sessions, "session")
    click.echo()
    echo(f"Archive: {sessions}, {format_size(verification.bytes)}, {proven} until {until:%H:%M} UTC")
    for match in matches:
        echo(f"  {match.kind}, {match.speaker or match.title}: {match.snippet}")
    echo(f"That was a search for {demo_scenario.SEARCH!r}; next: realtimekit archive sync FOLDER")
