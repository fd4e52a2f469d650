"""The shapes of query parameters and bodies: declared beside each route, checked before its handler runs.

The messages have the form of those in the API's examples: `BAD_REQUEST: "name" is required`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from realtimekit.emulator.wire import bad_request


class Shape(NamedTuple):
    """One field: what it must be. `None` in a limit: no such limit."""

    kind: str  # text, number, integer, flag, time, object, list
    required: bool = False
    nullable: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    longest: int | None = None
    default: Any = None

    def check(self, name: str, value: Any) -> Any:  # noqa: PLR0911 - a table in the form of code
        """The value, checked, in the type of its kind."""
        if value is None:
            if self.nullable:
                return None
            raise bad_request(f'"{name}" must not be null')
        match self.kind:
            case "number" | "integer":
                return self._number(name, value)
            case "flag":
                return _expect(isinstance(value, bool), value, name, "must be a boolean")
            case "object":
                return _expect(isinstance(value, dict), value, name, "must be of type object")
            case "list":
                texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
                return _expect(texts, value, name, "must be an array of strings")
            case "time":
                return _time(name, _expect(isinstance(value, str), value, name, "must be a valid ISO 8601 date"))
            case _:
                return self._text(name, value)

    def _number(self, name: str, value: Any) -> float:
        _expect(isinstance(value, int | float) and not isinstance(value, bool), value, name, "must be a number")
        _expect(abs(value) <= SAFEST, value, name, "must be a safe number")
        _expect(self.kind == "number" or float(value).is_integer(), value, name, "must be an integer")
        if self.minimum is not None:
            _expect(value >= self.minimum, value, name, f"must be greater than or equal to {self.minimum:g}")
        if self.maximum is not None:
            _expect(value <= self.maximum, value, name, f"must be less than or equal to {self.maximum:g}")
        return int(value) if float(value).is_integer() else float(value)

    def _text(self, name: str, value: Any) -> str:
        _expect(isinstance(value, str), value, name, "must be a string")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise bad_request(f'"{name}" must be valid Unicode') from None
        if self.choices:
            _expect(value in self.choices, value, name, f"must be one of [{', '.join(self.choices)}]")
        if self.longest is not None:
            limit = f"length must be less than or equal to {self.longest} characters long"
            _expect(len(value) <= self.longest, value, name, limit)
        if self.pattern is not None:
            _expect(re.fullmatch(self.pattern, value), value, name, f"fails to match the pattern {self.pattern}")
        return str(value)

    def from_query(self, name: str, text: str) -> Any:
        """The value of a query parameter, which arrives as text."""
        value: Any = text
        _expect("\0" not in text, value, name, "must not hold a null character")  # it would end a search pattern
        if self.kind in ("number", "integer"):
            try:
                value = float(text)
            except ValueError:
                raise bad_request(f'"{name}" must be a number') from None
        elif self.kind == "flag":
            value = {"true": True, "false": False}.get(text, text)
        elif self.kind == "list":
            value = [part for part in text.split(",") if part]
        return self.check(name, value)


def _expect(condition: object, value: Any, name: str, problem: str) -> Any:
    if not condition:
        raise bad_request(f'"{name}" {problem}')
    return value


def _time(name: str, text: str) -> str:
    """The moment in the form that the store compares: UTC, milliseconds, Z."""
    from realtimekit.emulator.clock import iso  # noqa: PLC0415

    try:
        return iso(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise bad_request(f'"{name}" must be a valid ISO 8601 date') from None


SAFEST = 2**53 - 1  # the largest whole number that every JSON reader keeps; also refuses inf and nan

Shapes = Mapping[str, Shape]

TEXT = Shape("text")
FLAG = Shape("flag")
TIME = Shape("time")

# `min 0` in the description; 0 is taken as the first page, and as the default size.
PAGES: Shapes = {"page_no": Shape("integer", minimum=0), "per_page": Shape("integer", minimum=0)}
ORDER = Shape("text", choices=("ASC", "DESC"))


def checked_query(shapes: Shapes, given: Mapping[str, str]) -> dict[str, Any]:
    """Known parameters, checked. Unknown ones are ignored, as the API does with those of its older versions."""
    return {name: shape.from_query(name, given[name]) for name, shape in shapes.items() if name in given}


def checked_body(shapes: Shapes, given: Any) -> dict[str, Any]:
    """Known fields, checked; unknown ones are ignored; what is not given is left out."""
    if not isinstance(given, dict):
        raise bad_request('"value" must be of type object')
    for name, shape in shapes.items():
        if shape.required and name not in given:
            raise bad_request(f'"{name}" is required')
    return {name: shape.check(name, given[name]) for name, shape in shapes.items() if name in given}


def with_defaults(shapes: Shapes, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a POST or PUT stores: the given values, and the documented defaults of the others."""
    return {name: shape.default if given.get(name) is None else given[name] for name, shape in shapes.items()}
