"""`realtimekit archive sync` and `rebuild`."""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.archive_options import exit_if_unreadable, target_argument
from realtimekit.cli.decorators import with_client
from realtimekit.cli.options import json_option, time_range_options
from realtimekit.cli.param_types import duration, positive_int
from realtimekit.errors import APIConnectionError, APIError, RateLimitError
from realtimekit.readable import format_size, pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import timedelta

    from realtimekit import RealtimeKit
    from realtimekit.archive import Archive
    from realtimekit.archive.sync_result import Progress, SyncResult

LOG_INTERVAL = 60.0  # seconds between two lines of a sync whose stderr is not a terminal


@click.command("sync")
@click.option("--every", metavar="DURATION", type=duration, help="Repeat the sync at this interval: 15m, 1h.")
@click.option("--concurrency", metavar="N", type=positive_int, help="Sessions to copy at once.  [default: 8]")
@click.option("--workers", metavar="N", type=positive_int, help="Copy in N processes on this machine, with Dask.")
@click.option("--cluster", metavar="ADDRESS", help="Copy on this Dask cluster: tcp://HOST:PORT of its scheduler.")
@time_range_options("since", "until")
@json_option
@with_client
@target_argument(create=True)
def sync(
    client: RealtimeKit, archive: Archive, *, every: timedelta | None = None, as_json: bool, **options: Any
) -> None:
    """Copy what the archive lacks: new sessions, and artifacts that appeared later.

    What is deleted soonest is copied first. Ctrl-C ends a sync after the sessions being copied; the next one continues
    from there.

    Exits with 1 if something is lost, failed, or is not proven to be complete.
    """
    from realtimekit.archive.errors import ArchiveError
    from realtimekit.cli.console import echo

    if options.get("workers") and options.get("cluster"):
        raise click.UsageError("give --workers or --cluster, not both")
    result: SyncResult | None = None
    with _stopped_by_signals() as stop:
        while True:
            started = time.monotonic()
            try:
                result = _sync_once(client, archive, stop, options)
            except (APIConnectionError, RateLimitError, APIError, ArchiveError) as error:
                # A target that could be written before fails for a while.
                may_pass = result is not None if isinstance(error, ArchiveError) else _is_temporary(error)
                if every is None or stop.is_set() or not may_pass:
                    raise
                echo(f"{error}; the next sync is in {every}", err=True)
            else:
                _print(result, archive, as_json=as_json)
                if every is None or result.interrupted:
                    sys.exit(0 if result.ok else 1)
                if result.ok:
                    options.pop("since", None)  # what it asked for was listed
            if _wait(stop, every.total_seconds() - (time.monotonic() - started)):
                return


@click.command("rebuild")
@target_argument()
def rebuild(archive: Archive) -> None:
    """Rebuild the tables and the search index from the raw files.

    Exits with 1 if a session cannot be read: all others are in the tables.
    """
    from realtimekit.cli.console import echo

    unreadable = archive.rebuild()
    echo(f"The tables and the search index of {archive.target} were rebuilt.")
    exit_if_unreadable(unreadable, "They lack what cannot be read: a sync adds it when it is restored")


def _is_temporary(error: APIError | APIConnectionError) -> bool:
    """Whether a later sync may succeed: the network is back, or the rate limit has passed."""
    return isinstance(error, APIConnectionError | RateLimitError) or (error.status or 0) >= 500


def _sync_once(client: RealtimeKit, archive: Archive, stop: threading.Event, options: dict[str, Any]) -> SyncResult:
    from realtimekit.cli.progress import progress_bar
    from realtimekit.cli.terminal import is_terminal

    with progress_bar("Sessions") as update:
        shown = _log() if not is_terminal(sys.stderr) else lambda progress: update(progress.done, progress.total)
        return archive.sync(client, progress=shown, stop=stop, **options)


def _log() -> Callable[[Progress], object]:
    """Return a progress callback that prints a line a minute."""
    from realtimekit.cli.console import echo

    last = time.monotonic()

    def log(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= LOG_INTERVAL:
            last = time.monotonic()
            total = pluralize(progress.total, "session")
            echo(f"{progress.done:,} of {total}, {format_size(progress.bytes)}", err=True)

    return log


def _print(result: SyncResult, archive: Archive, *, as_json: bool) -> None:
    from realtimekit.cli import output
    from realtimekit.cli.console import echo

    if as_json:
        output.print_json({"target": archive.target, **result.to_dict()})
        return
    counts = [
        f"{number:,} {name}"
        for number, name in (
            (result.found, "new"),
            (result.checked, "checked"),
            (result.completed, "completed"),
            (result.waiting, "with something still to come"),
            (result.live, "live"),
            (result.skipped, "copied by another sync"),
        )
        if number or name == "new"
    ]
    echo(f"{archive.target}: sessions: {', '.join(counts)}; {format_size(result.bytes)} copied")
    if result.window is not None and result.window.proven:
        echo(f"Proven to be complete until {result.window.end:%Y-%m-%d %H:%M} UTC")
    for kind, lines in (("lost", result.lost), ("failed", result.failures)):
        for line in lines:
            echo(f"{kind}: {line}", err=True)
    for session_id in result.missed:
        echo(f"note: no webhook arrived for session {session_id}", err=True)
    if result.interrupted:
        echo("stopped early: sync again to continue", err=True)


def _wait(stop: threading.Event, seconds: float) -> bool:
    """Wait for these seconds, or until a signal. Returns whether there was one.

    In steps, because a signal that arrives in another thread does not wake this one; and not in `stop.wait()`, because
    the handler of a signal sets the event in this thread, which would hold its lock.
    """
    end = time.monotonic() + seconds
    while not stop.is_set() and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 1.0))
    return stop.is_set()


@contextmanager
def _stopped_by_signals() -> Generator[threading.Event]:
    """Let SIGINT and SIGTERM end the sync after the sessions being copied; a second one ends it at once."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def handle(_number: int, _frame: object) -> None:
        restore()
        stop.set()

    for number in before:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        restore()
