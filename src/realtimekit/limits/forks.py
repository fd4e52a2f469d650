"""Callbacks that run in a forked child process before anything else."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class ForkAware(Protocol):
    """An object with state that a forked child must not inherit, such as a lock that another thread holds."""

    def _after_fork(self) -> None: ...


_registered: weakref.WeakSet[ForkAware] = weakref.WeakSet()


def register(instance: ForkAware) -> None:
    """Call `instance._after_fork()` in every child process, for as long as the instance lives."""
    _registered.add(instance)


def _after_fork_in_child() -> None:
    for instance in list(_registered):
        instance._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
