"""URLs on the command line, and which emulator is meant."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

from realtimekit.settings import ENVIRONMENT, is_loopback


def a_url(value: str) -> str:
    """Something of this machine or the network that can be sent to."""
    try:
        parts = urlsplit(value)
        good = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1)
    except ValueError:
        good = False
    if not good or not value.isprintable() or " " in value:
        raise click.BadParameter(f"{value!r} is no http:// or https:// URL")
    return value


def an_emulator(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    """An emulator by its base URL or by its origin; its origin is what comes out."""
    if not value:
        start = "start one (realtimekit emulator --demo) and set what it prints"
        text = f"this needs an emulator: {start}, or give its address with --emulator URL"
        raise click.UsageError(f"{ENVIRONMENT['base_url']} is not set, and {text}")
    parts = urlsplit(a_url(value))
    if not is_loopback(parts.hostname or ""):
        text = f"{value!r} is not on this machine: this needs an emulator (realtimekit emulator), not RealtimeKit"
        raise click.BadParameter(f"{text} itself")
    return f"{parts.scheme}://{parts.netloc}"


EMULATOR = click.option(
    "--emulator",
    metavar="URL",
    callback=an_emulator,
    envvar=ENVIRONMENT["base_url"],
    help=f"Instead of {ENVIRONMENT['base_url']}: an emulator on this machine.",
)
