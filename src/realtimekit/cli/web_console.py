"""`realtimekit console`: a local web page over the API, an emulator or an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from realtimekit.cli.decorators import with_client
from realtimekit.cli.listening import cannot_listen, listen_options
from realtimekit.cli.options import ARCHIVE, archive_option
from realtimekit.settings import is_loopback

if TYPE_CHECKING:
    from realtimekit import RealtimeKit
    from realtimekit.archive import Archive
    from realtimekit.emulator.remote import RemoteEmulator

PORT = 8788


@click.command("console")
@archive_option
@listen_options(PORT, "the console")
@click.option("--open/--no-open", "open_browser", default=True, help="Open the link in a browser.  [default: open]")
@with_client
def console(client: RealtimeKit, host: str, port: int, *, open_browser: bool) -> None:
    """Serve a web page that shows sessions, until Ctrl-C or SIGTERM.

    Shows the sessions of an archive (--archive) or of the API, and the controls of an emulator. The link that it prints
    works once, in one browser. Without --host, the page can be reached from this machine only.
    """
    from realtimekit.cli.console import echo
    from realtimekit.cli.progress import spinner
    from realtimekit.cli.shutdown import Shutdown

    try:
        from realtimekit.console import Server, create_app
    except ImportError as error:
        text = f"the console needs {error.name}: pip install 'realtimekit[console]'"
        raise ImportError(text, name=error.name) from None
    shutdown = Shutdown()
    with shutdown:
        archive = _archive()
        app = create_app(client, archive=archive, control=None if archive else _emulator(client.settings.base_url))
        try:
            server = Server(app, host, port)
        except OSError as error:
            raise cannot_listen(host, port, error) from None
        with server:
            with spinner("the archive"):
                app.state.console.load()
            echo(f"The console of the {app.state.console.where}, for one browser: {server.url}")
            echo("Ctrl-C stops it.", err=True)
            if open_browser:
                click.launch(server.url)
            shutdown.wait()


def _archive() -> Archive | None:
    target = click.get_current_context().meta.get(ARCHIVE)
    if target is None:
        return None
    from realtimekit.archive import Archive

    return Archive(target, create=False)


def _emulator(base_url: str) -> RemoteEmulator | None:
    """Return the control plane of the emulator at a base URL; None if there is something else."""
    if not is_loopback(urlsplit(base_url).hostname or ""):
        return None
    from realtimekit.emulator.http import HTTPError
    from realtimekit.emulator.remote import RemoteEmulator

    emulator = RemoteEmulator(base_url)
    try:
        emulator.faults()
    except HTTPError:
        return None
    return emulator
