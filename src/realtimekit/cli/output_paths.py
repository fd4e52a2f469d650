"""Paths of files to write. They are checked before any request is sent, so that no download is wasted."""

from __future__ import annotations

import io
import os
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtimekit.files import is_special, resolve, write_file

if TYPE_CHECKING:
    from collections.abc import Generator


def output_folder(value: str) -> str:
    """A folder that exists or can be created."""
    path = _parse_path(value)
    existing = next(parent for parent in (path, *path.absolute().parents) if os.path.lexists(parent))
    _check_folder(existing)
    return value


def output_file(value: str) -> str:
    """A file that exists or can be created in an existing folder; `-` is stdout."""
    if value == "-":
        return value
    if _parse_path(value).is_dir():
        raise click.BadParameter(f"{value} is a folder: give a file in it")
    return output_file_or_folder(value)


def output_file_or_folder(value: str) -> str:
    """A file, an existing folder, or a folder to create: then the path ends with a slash."""
    path = _parse_path(value)
    if value.endswith(("/", os.sep)):
        return output_folder(value)
    if path.is_dir():
        _check_folder(path)
    elif is_special(path):
        if not os.access(path, os.W_OK):
            raise click.BadParameter(f"you have no permission to write to {path}: give another")
    elif not os.path.lexists(path.parent):
        raise click.BadParameter(f"there is no folder {path.parent}: create it first")
    else:
        _check_folder(resolve(path).parent)
    return value


def _parse_path(value: str) -> Path:
    if not value.strip() or "\0" in value:
        raise click.BadParameter(f"{value!r} is not a path; the current folder is .")
    return Path(value)


def _check_folder(path: Path) -> None:
    if not path.is_dir():
        raise click.BadParameter(f"{path} is a file: nothing can be written into it; give a folder")
    if not os.access(path, os.W_OK | os.X_OK):
        raise click.BadParameter(f"you have no permission to write into the folder {path}: give another")


@contextmanager
def write_errors(path: object) -> Generator[None]:
    """Report in one line what the operating system refuses in spite of the checks."""
    from realtimekit.errors import RealtimeKitError  # loaded when a command runs, not for its help

    try:
        yield
    except RealtimeKitError:
        raise  # some of them are an OSError as well
    except OSError as error:
        raise click.ClickException(f"cannot write to {path}: {error.strerror or error}") from None


@contextmanager
def write_output_to(path: str | None) -> Generator[None]:
    """Write what is printed in the `with` block to a file, in UTF-8; None and "-" are stdout.

    The file is written if the command succeeds, or ends with an exit code of its own. After an error, it is unchanged.
    """
    if path in {None, "-"}:
        yield
        return
    content, result = io.BytesIO(), None
    text = io.TextIOWrapper(content, "utf-8", errors="backslashreplace", newline="", write_through=True)
    with redirect_stdout(text):
        try:
            yield
        except click.exceptions.Exit as error:
            result = error
    text.flush()
    with write_errors(path):
        write_file(str(path), content.getvalue())
    if result is not None:
        raise result
