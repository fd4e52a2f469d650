"""The shapes of what comes in and goes out: declared beside each route.

Query parameters and bodies are checked against them before a handler runs; the messages have the form of those in the
API's examples: `BAD_REQUEST: "name" is required`. The description of what the emulator serves (`description.py`) is
made from the same declarations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from realtimekit.emulator.clock import iso
from realtimekit.emulator.wire import bad_request


class Shape(NamedTuple):
    """One value: what it must be. `None` in a limit: no such limit."""

    kind: str  # any, text, number, integer, flag, date, time, object, list
    required: bool = False
    nullable: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    longest: int | None = None
    default: Any = None
    fields: Mapping[str, Shape] = MappingProxyType({})  # of an object: those that are known; others stay as they are
    items: Shape | None = None  # of a list; of an object that is a map, its values
    closed: bool = False  # an object that has no other fields: those that the emulator makes

    def check(self, name: str, value: Any) -> Any:  # noqa: PLR0911 - a table in the form of code
        """The value, checked, in the type of its kind."""
        if value is None:
            if self.nullable:
                return None
            raise bad_request(f'"{name}" must not be null')
        match self.kind:
            case "any":
                return value
            case "number" | "integer":
                return self._number(name, value)
            case "flag":
                return _expect(isinstance(value, bool), value, name, "must be a boolean")
            case "object":
                return self._object(name, _expect(isinstance(value, dict), value, name, "must be of type object"))
            case "list":
                _expect(isinstance(value, list), value, name, "must be an array")
                return [(self.items or TEXT).check(f"{name}[{place}]", item) for place, item in enumerate(value)]
            case "date":
                return _date(name, _expect(isinstance(value, str), value, name, "must be in YYYY-MM-DD format"))
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

    def _object(self, name: str, value: dict[str, Any]) -> dict[str, Any]:
        if self.items is not None:
            return {key: self.items.check(f"{name}.{key}", item) for key, item in value.items()}
        return {**value, **_checked(self.fields, value, f"{name}.")}

    def from_query(self, name: str, texts: Sequence[str]) -> Any:
        """The value of a query parameter, which arrives as text; a list as one text with commas, or as several."""
        value: Any = texts[-1]
        # a null character would end a search pattern
        _expect(not any("\0" in text for text in texts), value, name, "must not hold a null character")
        if self.kind in {"number", "integer"}:
            try:
                value = float(value)
            except ValueError:
                raise bad_request(f'"{name}" must be a number') from None
        elif self.kind == "flag":
            value = {"true": True, "false": False}.get(value, value)
        elif self.kind == "list":
            value = [part for text in texts for part in text.split(",") if part]
        return self.check(name, value)


def _expect(condition: object, value: Any, name: str, problem: str) -> Any:
    if not condition:
        raise bad_request(f'"{name}" {problem}')
    return value


def _time(name: str, text: str) -> str:
    """The moment in the form that the store compares: UTC, milliseconds, Z."""
    try:
        return iso(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise bad_request(f'"{name}" must be a valid ISO 8601 date') from None


def _date(name: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise bad_request(f'"{name}" must be in YYYY-MM-DD format') from None


SAFEST = 2**53 - 1  # the largest whole number that every JSON reader keeps; also refuses inf and nan

Shapes = Mapping[str, Shape]

ANY = Shape("any")
TEXT = Shape("text")
FLAG = Shape("flag")
NUMBER = Shape("number")
WHOLE = Shape("integer")
DATE = Shape("date")
TIME = Shape("time")
TEXTS = Shape("list")
URI = Shape("text", pattern=r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


def one_of(*choices: str) -> Shape:
    return Shape("text", choices=choices)


def several_of(*choices: str) -> Shape:
    return Shape("list", items=one_of(*choices))


def list_of(items: Shape) -> Shape:
    return Shape("list", items=items)


def map_of(values: Shape) -> Shape:
    return Shape("object", items=values)


def fields(given: Shapes) -> Shape:
    """An object that comes in, with these fields."""
    return Shape("object", fields=given)


def needed(shape: Shape) -> Shape:
    """As a field that a body must have."""
    return shape._replace(required=True)


def or_null(shape: Shape) -> Shape:
    return shape._replace(nullable=True)


# `min 0` in the description; 0 is taken as the first page, and as the default size.
PAGES: Shapes = {"page_no": Shape("integer", minimum=0), "per_page": Shape("integer", minimum=0)}
ORDER = one_of("ASC", "DESC")


def checked_query(shapes: Shapes, given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Known parameters, checked. Unknown ones are ignored, as the API does with those of its older versions."""
    return {name: shape.from_query(name, given[name]) for name, shape in shapes.items() if name in given}


def checked_body(shapes: Shapes, given: Any) -> dict[str, Any]:
    """Known fields, checked; unknown ones are ignored; what is not given is left out."""
    if not isinstance(given, dict):
        raise bad_request('"value" must be of type object')
    return _checked(shapes, given, "")


def _checked(shapes: Shapes, given: Mapping[str, Any], path: str) -> dict[str, Any]:
    for name, shape in shapes.items():
        if shape.required and name not in given:
            raise bad_request(f'"{path}{name}" is required')
    return {name: shape.check(path + name, given[name]) for name, shape in shapes.items() if name in given}


def with_defaults(shapes: Shapes, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a POST or PUT stores: the given values, and the documented defaults of the others."""
    return {name: shape.default if given.get(name) is None else given[name] for name, shape in shapes.items()}


# --- answers ----------------------------------------------------------------------------------------------------------

PAGING: Shapes = {"total_count": WHOLE, "start_offset": WHOLE, "end_offset": WHOLE}


def record(always: Shapes, maybe: Shapes = MappingProxyType({})) -> Shape:
    """An object that goes out: these fields always, those where there is something to say, and no others."""
    return Shape("object", closed=True, fields={**{name: needed(shape) for name, shape in always.items()}, **maybe})


def item(shape: Shape) -> Shape:
    """`{"success": true, "data": ...}`."""
    return record({"success": FLAG, "data": shape})


def page(shape: Shape, key: str | None = None) -> Shape:
    """`data[]`, or `data.<key>[]`, with `paging` beside `data`."""
    items = list_of(shape)
    data = items if key is None else record({key: items})
    return record({"success": FLAG, "data": data, "paging": record(PAGING)})


def page_inside(shape: Shape, key: str) -> Shape:
    """`data.<key>[]`, with `paging` inside `data`."""
    return item(record({key: list_of(shape), "paging": record(PAGING)}))
