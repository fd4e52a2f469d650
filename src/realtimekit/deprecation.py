"""Old names that still work: a use warns, once for each line that has it, and the warning names the new one.

class Session:
    save = ...
    store = renamed("store", "save", since="0.2")
"""

from __future__ import annotations

import warnings
from typing import Any


def warn_renamed(old: str, new: str, *, since: str, stacklevel: int = 3) -> None:
    """Warn that a name has a new one.

    Args:
        old: the name that was used.
        new: the name to use.
        since: the version that renamed it.
        stacklevel: how far up the caller is, as `warnings.warn` counts.
    """
    message = (
        f"{old} was renamed to {new} in realtimekit {since}; the old name will be removed in the next minor version"
    )
    warnings.warn(message, DeprecationWarning, stacklevel=stacklevel)


class renamed:  # noqa: N801 - reads like a keyword, as property does
    """The old name of a method or an attribute: `store = renamed("store", "save", since="0.2")` in its class."""

    def __init__(self, old: str, new: str, *, since: str) -> None:
        self._old = old
        self._new = new
        self._since = since

    def __get__(self, obj: object | None, owner: type) -> Any:
        names = (f"{owner.__name__}.{name}" for name in (self._old, self._new))
        warn_renamed(*names, since=self._since)
        return getattr(owner if obj is None else obj, self._new)
