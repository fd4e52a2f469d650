"""Where files go, looked at before anything is asked of the API: what cannot be written should cost no download."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Generator


def a_folder(value: str) -> str:
    """A folder that is there, or that can be made."""
    path = _path(value)
    there = next(place for place in (path, *path.absolute().parents) if os.path.lexists(place))
    _check_folder(there)
    return value


def a_file(value: str) -> str:
    """A file that is there, or that can be made in a folder that is; `-` is stdout."""
    if value == "-":
        return value
    if _path(value).is_dir():
        raise click.BadParameter(f"{value} is a folder: give a file in it, such as {Path(value) / 'report.html'}")
    return a_file_or_folder(value)


def a_file_or_folder(value: str) -> str:
    """A file as above, a folder that is there, or one that can be made: then it ends with a slash."""
    path = _path(value)
    if value.endswith(("/", os.sep)):
        return a_folder(value)
    if path.is_dir():
        _check_folder(path)
    elif not os.path.lexists(path.parent):
        raise click.BadParameter(f"there is no folder {path.parent}: make it first")
    else:
        _check_folder(path.parent)
    return value


def _path(value: str) -> Path:
    if not value.strip() or "\0" in value:
        raise click.BadParameter(f"{value!r} is no path: the folder where you are is .")
    return Path(value)


def _check_folder(path: Path) -> None:
    if not path.is_dir():
        raise click.BadParameter(f"{path} is a file: nothing can be put into it, give a folder")
    if not os.access(path, os.W_OK | os.X_OK):
        raise click.BadParameter(f"you may not write into the folder {path}: give another")


@contextmanager
def writing(place: object) -> Generator[None]:
    """What the operating system refuses in spite of that, in one line."""
    from realtimekit.errors import RealtimeKitError  # noqa: PLC0415 - loaded when a command runs, not for its help

    try:
        yield
    except RealtimeKitError:
        raise  # some are an OSError, too
    except OSError as error:
        raise click.ClickException(f"cannot write to {place}: {error.strerror or error}") from None
