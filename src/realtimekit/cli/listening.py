"""What the commands that listen for HTTP requests share."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from realtimekit.cli.options import Command, Decorator


def listen_options(port: int, server: str, *, condition: str = "") -> Decorator:
    """Add `--host` and `--port`.

    Args:
        port: the default of `--port`.
        server: what anybody on the network could reach if the address is not a loopback one.
        condition: the option without which these have no meaning, for their help, as ", with --http".
    """

    def decorate(command: Command) -> Command:
        command = click.option(
            "--port", metavar="PORT", default=port, show_default=True, type=click.IntRange(0, 65535),
            help=f"Port to listen on{condition}; 0 picks a free one.",
        )(command)  # fmt: skip
        exposed = f"Any address but loopback opens {server} to the network, without encryption."
        return click.option(
            "--host", metavar="ADDRESS", default="127.0.0.1", show_default=True,
            help=f"Address to listen on{condition}. {exposed}",
        )(command)  # fmt: skip

    return decorate


def cannot_listen(host: str, port: int, error: OSError) -> click.ClickException:
    """Return the error to raise if a server could not be started."""
    # `socket.create_server` appends the address. `os.strerror` does not know the resolver's errors.
    reason = str(error.strerror or error).partition(" (while attempting to bind")[0]
    hint = "; --port 0 picks a free port" if error.errno == errno.EADDRINUSE else ""
    return click.ClickException(f"cannot listen on {host}:{port}: {reason}{hint}")
