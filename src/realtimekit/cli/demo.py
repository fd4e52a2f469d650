"""`realtimekit demo`: the main job, on an emulator of its own."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, and nothing else.")
def demo(*, as_json: bool) -> None:
    """Let three people meet, then read what the session left behind: no account, no network."""
    from realtimekit import RealtimeKit  # noqa: PLC0415 - only this command needs them
    from realtimekit.cli import demo_scenario, session_view  # noqa: PLC0415
    from realtimekit.emulator import Emulator  # noqa: PLC0415
    from realtimekit.emulator.remote import RemoteEmulator  # noqa: PLC0415

    progress = session_view.console(stderr=True, quiet=as_json)
    with (
        Emulator() as running,
        running.serve() as server,
        RealtimeKit(
            base_url=server.base_url,
            api_token=running.api_token,
            account_id=running.account_id,
            app_id=running.app_id,
        ) as client,
    ):
        demo_scenario.begin(running)
        progress.print(f"A RealtimeKit of our own at {server.base_url}")
        peers = demo_scenario.play(client, RemoteEmulator(server.control_url), lambda text: progress.print(f"  {text}"))

        session = client.sessions.find(peers[0].session_id)
        document = session_view.gather(session)
        peer = client.sessions.find_participant_by_peer_id(peers[0].peer_id, filters=["quality_stats"])
        document["peer"] = peer.to_dict()
        if as_json:
            click.echo(json.dumps(document, indent=2))
        else:
            console = session_view.console()
            console.print()
            session_view.show(console, session, document)
            session_view.show_peer(console, peer)
