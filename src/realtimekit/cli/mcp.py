"""`realtimekit mcp`: let a language model read meetings."""

from __future__ import annotations

import logging
import os
import secrets
from typing import TYPE_CHECKING

import click

from realtimekit.cli.decorators import with_client
from realtimekit.cli.listening import cannot_listen, listen_options
from realtimekit.cli.options import ARCHIVE, archive_option

if TYPE_CHECKING:
    from realtimekit import RealtimeKit

PORT = 8789  # the emulator has 8787, the console 8788
TOKEN_VARIABLE = "REALTIMEKIT_MCP_TOKEN"  # noqa: S105 - the name of a variable


@click.command("mcp")
@click.option("--http", is_flag=True, help="Serve over HTTP instead of stdin and stdout.")
@listen_options(PORT, "the server", condition=", with --http")
@click.option(
    "--allow-host",
    "allowed_hosts",
    metavar="NAME",
    multiple=True,
    help="Also accept requests to this host name, such as a reverse proxy's (repeatable).",
)
@archive_option
@with_client
def mcp(client: RealtimeKit, *, http: bool, host: str, port: int, allowed_hosts: tuple[str, ...] = ()) -> None:
    """Let a language model read sessions: a server of the Model Context Protocol (MCP).

    An MCP client such as Claude Desktop or VS Code starts it and communicates over stdin and stdout; docs/mcp.md has
    the configuration. With --http it listens on this machine, until Ctrl-C or SIGTERM; clients need the token that it
    prints, or the one in REALTIMEKIT_MCP_TOKEN.

    It is read-only. With --archive, searches cover all sessions; without it, one session.
    """
    from realtimekit.mcp_server import create_server, make_app, serve_http, serve_stdio

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")  # to stderr
    target = click.get_current_context().meta.get(ARCHIVE)
    archive = None
    if target is not None:
        from realtimekit.archive import Archive  # only where there is one

        archive = Archive(target, create=False)
    server = create_server(client, archive)
    if not http:
        serve_stdio(server)
        return
    from realtimekit.mcp_server.serving import PATH
    from realtimekit.web_server import listen

    token = os.environ.get(TOKEN_VARIABLE, "").strip() or secrets.token_urlsafe(32)
    try:
        listener = listen(host, port)
    except OSError as error:
        raise cannot_listen(host, port, error) from None
    with listener:
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listener.getsockname()[1]}{PATH}"
        click.echo(f"MCP server at {url}\nAuthorization: Bearer {token}\nCtrl-C stops it.", err=True)
        serve_http(make_app(server, token, [shown, *allowed_hosts]), listener)
