"""The queue of waiting callers, interrupted between any two lines."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from realtimekit.limits.wait_queue import GRACE_PERIOD, WaitQueue

if TYPE_CHECKING:
    from collections.abc import Callable


class InterruptError(Exception):
    """As a signal handler raises it."""


def interrupted_at(line: int, act: Callable[[], object]) -> bool:
    """Call a function and interrupt it before its n-th line; False: it has fewer."""
    lines = 0

    def trace(_frame: Any, event: str, _argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        if lines > line:
            sys.settrace(None)
            raise InterruptError
        return trace

    sys.settrace(trace)
    try:
        act()
    except InterruptError:
        return True
    finally:
        sys.settrace(None)
    return False


@pytest.mark.parametrize("action", ["add", "remove"])
def test_an_interrupted_caller_blocks_nobody(action: str) -> None:
    line, interrupted = 0, True
    while interrupted:
        line += 1
        queue = WaitQueue()
        queue.add(1, 100.0)
        queue.add(3, 100.0)
        if action == "remove":
            queue.add(2, 10.0)
        act = (lambda queue=queue: queue.add(2, 10.0)) if action == "add" else (lambda queue=queue: queue.remove(2))
        interrupted = interrupted_at(line, act)
        queue.remove_expired(10.0 + 2 * GRACE_PERIOD)
        assert (len(queue), queue.position(3), queue.position(4)) == (2, 1, 2)
    assert line > 2
