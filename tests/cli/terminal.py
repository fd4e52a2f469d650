"""Runs commands on a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess

from .command import COMMAND


def on_a_terminal(*arguments: str, env: dict[str, str], typed: str = "", stdout: int | None = None) -> tuple[int, str]:
    """Run the installed script on a terminal, type something, and return the exit code and the output.

    Args:
        arguments: the arguments of the command.
        env: its environment.
        typed: what is typed in advance.
        stdout: where stdout goes; by default to the terminal.
    """
    main, child = pty.openpty()
    shown = b""
    try:
        with subprocess.Popen(
            [COMMAND, *arguments], env=env, stdin=child, stdout=child if stdout is None else stdout, stderr=child
        ) as process:
            os.close(child)
            os.write(main, typed.encode())
            while True:
                if not select.select([main], [], [], 30)[0]:
                    process.kill()
                    raise AssertionError(f"nothing happens any more after {shown!r}")
                try:
                    more = os.read(main, 65536)
                except OSError:  # Linux: the other end is closed
                    break
                if not more:
                    break
                shown += more
            code = process.wait(timeout=60)
    finally:
        os.close(main)
    return code, shown.decode()
