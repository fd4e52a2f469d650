"""The root command. Each command is loaded when it is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import click

from realtimekit import __version__
from realtimekit.cli.error_messages import format_error
from realtimekit.cli.groups import LazyGroup
from realtimekit.errors import RealtimeKitError

# Command -> the module that defines it, under the same name.
COMMANDS = {
    "analytics": "realtimekit.cli.analytics",
    "apps": "realtimekit.cli.apps",
    "archive": "realtimekit.cli.archive",
    "console": "realtimekit.cli.web_console",
    "demo": "realtimekit.cli.demo",
    "doctor": "realtimekit.cli.doctor",
    "drift": "realtimekit.cli.drift",
    "emulator": "realtimekit.cli.emulator",
    "livestreams": "realtimekit.cli.livestreams",
    "mcp": "realtimekit.cli.mcp",
    "meetings": "realtimekit.cli.meetings",
    "participants": "realtimekit.cli.participants",
    "presets": "realtimekit.cli.presets",
    "recordings": "realtimekit.cli.recordings",
    "sessions": "realtimekit.cli.sessions",
    "webhooks": "realtimekit.cli.webhooks",
}


class RootGroup(LazyGroup):
    """Turns errors into one line and exit code 1."""

    modules: ClassVar[Mapping[str, str]] = COMMANDS

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # click handles it: the reader of the pipe is gone
        except (RealtimeKitError, OSError, ImportError, UnicodeEncodeError) as error:
            # OSError: a full disk; ImportError: a missing extra; UnicodeEncodeError: arguments that are not text
            raise click.ClickException(format_error(error)) from None


@click.group(cls=RootGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def realtimekit() -> None:
    """Use Cloudflare RealtimeKit from the command line.

    The environment says which account and app to use: CLOUDFLARE_API_TOKEN, CLOUDFLARE_ACCOUNT_ID, REALTIMEKIT_APP_ID,
    and REALTIMEKIT_BASE_URL for an emulator.

    Exit codes: 0 success, 1 failure, 2 wrong usage.
    """
