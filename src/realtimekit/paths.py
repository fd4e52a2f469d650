"""Path templates: one per class, for its collection and its members; ids that cannot leave their place in the path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from realtimekit.errors import ConfigurationError
from realtimekit.settings import ENVIRONMENT, missing

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
_OPTIONAL_PART = re.compile(r"(.*)\((.*)\)")
_NAME = re.compile(r"{(\w+)}")


def segment(name: str, value: Any) -> str:
    """One id, encoded so that it stays one path segment.

    Raises:
        TypeError: it is no string (None, most often).
        ValueError: it is empty or blank, or `.` or `..`, which every HTTP client would resolve away.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    if _PLAIN.fullmatch(value):
        return value
    if not value.strip():
        raise ValueError(f"{name} is empty")
    if value.strip() in {".", ".."}:
        raise ValueError(f"{name}={value!r} is no id: it would change the path of the request")
    from urllib.parse import quote  # noqa: PLC0415 - hardly ever needed: real ids are plain

    return quote(value, safe="")


class PathTemplate:
    """`/sessions(/{session_id})`: the collection without the part in brackets, a member with it.

    Without brackets there is one path for both: a child that exists once, such as a session's chat.
    """

    def __init__(self, template: str) -> None:
        self.template = template
        split = _OPTIONAL_PART.fullmatch(template)
        self._collection = split[1] if split else template
        self._member = split[1] + split[2] if split else template
        self.parents: frozenset[str] = frozenset(_NAME.findall(self._collection))
        own = [name for name in _NAME.findall(self._member) if name not in self.parents]
        self.own: str | None = own[0] if own else None  # the name of the record's own id

    def collection(self, ids: Mapping[str, Any]) -> str:
        return self._fill(self._collection, ids)

    def member(self, ids: Mapping[str, Any]) -> str:
        return self._fill(self._member, ids)

    def _fill(self, template: str, ids: Mapping[str, Any]) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            if ids.get(name) is None:
                if name in ENVIRONMENT and name != self.own:
                    raise ConfigurationError(missing(name))
                raise TypeError(f"{name} is needed for {template} and is None or was not given")
            return segment(name, ids[name])

        return _NAME.sub(value, template)
