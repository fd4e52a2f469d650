"""Progress on stderr, if that is a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from realtimekit.cli.console import make_console, safe_line
from realtimekit.cli.terminal import is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


@contextmanager
def progress_bar(description: str, *, in_bytes: bool = False) -> Generator[Callable[[int, int | None], object]]:
    """Show a progress bar.

    Args:
        description: the text beside the bar.
        in_bytes: whether bytes are counted.

    Yields:
        A function that takes how much is done and, if it is known, of how much.
    """
    if not is_terminal(sys.stderr):
        yield lambda _done, _total: None
        return
    from rich import progress  # only where a bar is shown

    amount = (
        [progress.DownloadColumn(), progress.TransferSpeedColumn()] if in_bytes else [progress.MofNCompleteColumn()]
    )
    columns = [progress.TextColumn("{task.description}", markup=False), progress.BarColumn(), *amount]
    with progress.Progress(*columns, console=make_console(stderr=True), transient=True) as bar:
        task = bar.add_task(safe_line(description).plain, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def spinner(subject: str) -> Generator[Callable[[str], object]]:
    """Show a spinner while waiting for something.

    Args:
        subject: what the command waits for.

    Yields:
        A function that takes its present state.
    """
    if not is_terminal(sys.stderr):
        yield lambda _state: None
        return
    with make_console(stderr=True).status(safe_line(f"Waiting for {subject}")) as status:
        yield lambda state: status.update(safe_line(f"Waiting for {subject}: {state}"))
