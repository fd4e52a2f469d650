"""Names that other SDKs have and this one does not: the error says what to use here.

Descriptors, because a `__getattr__` of a class would need a metaclass. `hasattr` returns False.
"""

from __future__ import annotations

from typing import Any, NoReturn


class MethodOfOtherSDKs:
    """A method: the error names the one to use instead."""

    def __init__(self, target: str, hint: str) -> None:
        self._target, self._hint = target, hint

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, obj: Any, owner: type) -> NoReturn:
        # `delete` of a collection is about `destroy` of its records.
        exists = hasattr(owner, self._target) or hasattr(getattr(owner, "_record", None), self._target)
        hint = self._hint if exists else "the API offers no such call"
        raise AttributeError(f"{owner.__name__} has no {self.name}(): {hint}")


class AttributeOfOtherSDKs:
    """An attribute: the error says what takes its place."""

    def __init__(self, hint: str) -> None:
        self._hint = hint

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, obj: Any, owner: type) -> NoReturn:
        raise AttributeError(f"{owner.__name__} has no {self.name}: {self._hint}")
