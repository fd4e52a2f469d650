"""Path templates, one per class, for its collection and its members; ids are encoded so that they stay one segment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from realtimekit.errors import ConfigurationError
from realtimekit.settings import ENVIRONMENT, id_problem, missing_setting_message

_is_plain = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*").fullmatch
_is_uuid = re.compile(r"[0-9a-f]{32}").fullmatch
_OPTIONAL_PART = re.compile(r"(.*)\((.*)\)")
_NAME = re.compile(r"{(\w+)}")


def encode_segment(name: str, value: Any) -> str:
    """Percent-encode an id so that it stays one path segment.

    Raises:
        TypeError: the id is not a string (most often it is None).
        ValueError: the id is empty or blank, or `.` or `..`, which HTTP clients resolve.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    if _is_plain(value):
        return value
    if not value.strip():
        raise ValueError(f"{name} is empty")
    if name in ENVIRONMENT and (problem := id_problem(value)):
        raise ValueError(f"{name}={value!r} {problem}")
    if value.strip() in {".", ".."}:
        raise ValueError(f"{name}={value!r} is not an id: it would change the path of the request")
    from urllib.parse import quote

    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise ValueError(f"{name}={value!r} is not an id: it contains a lone surrogate, half of a character") from None


def is_same_id(one: Any, other: Any) -> bool:
    """Return whether two ids are the same; a UUID may be written in upper case and without hyphens."""
    return one == other or _uuid_digits(one) == _uuid_digits(other) != ""


def _uuid_digits(id: Any) -> str:
    digits = str(id).replace("-", "").lower()
    return digits if _is_uuid(digits) else ""


class PathTemplate:
    """A template such as `/sessions(/{session_id})`: the part in brackets is for a member, not for the collection.

    Without brackets there is one path for both, e.g. for the one chat of a session.
    """

    def __init__(self, template: str) -> None:
        self.template = template
        split = _OPTIONAL_PART.fullmatch(template)
        # Literal parts and placeholder names alternate.
        self._collection = _NAME.split(split[1] if split else template)
        self._member = _NAME.split(split[1] + split[2] if split else template)
        self.parent_ids: frozenset[str] = frozenset(self._collection[1::2])
        own = [name for name in self._member[1::2] if name not in self.parent_ids]
        self.own_id: str | None = own[0] if own else None  # the name of the record's own id

    def collection(self, ids: Mapping[str, Any]) -> str:
        """Return the path of the collection."""
        return self._fill(self._collection, ids)

    def member(self, ids: Mapping[str, Any]) -> str:
        """Return the path of one member."""
        return self._fill(self._member, ids)

    def _fill(self, pieces: list[str], ids: Mapping[str, Any]) -> str:
        filled = pieces[:]
        for at in range(1, len(filled), 2):
            value = ids.get(filled[at])
            filled[at] = value if type(value) is str and _is_plain(value) else self._segment(filled[at], value)
        return "".join(filled)

    def _segment(self, name: str, value: Any) -> str:
        if value is not None:
            return encode_segment(name, value)
        if name in ENVIRONMENT and name != self.own_id:
            raise ConfigurationError(missing_setting_message(name))
        raise TypeError(f"{name} is required for {self.template}, but is missing or None")
