"""Modules that are imported when a name of theirs is first read.

`typing.get_type_hints` evaluates an annotation in the module that contains it, where a name imported only for type
checkers does not exist. With `messages` a `LazyModule`, `messages.ChatMessage` resolves, and `import realtimekit` does
not become slower.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class LazyModule:
    """A placeholder for a module that may be slow to import, or not installed.

    if TYPE_CHECKING:
        from realtimekit.artifacts import messages
    else:
        messages = LazyModule("realtimekit.artifacts.messages")
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"<LazyModule {self._name}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # tools that inspect a module look these up; that must import nothing
            raise AttributeError(name)
        return getattr(import_module(self._name), name)
