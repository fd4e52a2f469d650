"""Schemas of query parameters and bodies, declared beside each route.

Query parameters and request bodies are validated before a handler runs. The messages have the form of those in the
API's examples: `BAD_REQUEST: "name" is required`. The OpenAPI document (`openapi.py`) is made from the same schemas.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from realtimekit.emulator.clock import format_time
from realtimekit.emulator.http import bad_request


class Schema(NamedTuple):
    """What one value must be. A limit of `None` means that there is none."""

    type: str  # any, string, number, integer, boolean, date, date-time, object, array
    required: bool = False
    nullable: bool = False
    enum: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    max_length: int | None = None
    default: Any = None
    properties: Mapping[str, Schema] = MappingProxyType({})  # of an object: the known ones; others are left unchanged
    items: Schema | None = None  # of an array; of an object that is a map, the schema of its values
    closed: bool = False  # an object without other properties, as the emulator's own responses are

    def validate(self, name: str, value: Any) -> Any:  # noqa: PLR0911 - a table in the form of code
        """Return the value in the Python type of the schema's type.

        Raises:
            HTTPError: 400; the message begins with the name.
        """
        if value is None:
            if self.nullable:
                return None
            raise bad_request(f'"{name}" must not be null')
        match self.type:
            case "any":
                return value
            case "number" | "integer":
                return self._number(name, value)
            case "boolean":
                return _expect(isinstance(value, bool), value, name, "must be a boolean")
            case "object":
                return self._object(name, _expect(isinstance(value, dict), value, name, "must be of type object"))
            case "array":
                _expect(isinstance(value, list), value, name, "must be an array")
                return [(self.items or STRING).validate(f"{name}[{index}]", item) for index, item in enumerate(value)]
            case "date":
                return _date(name, _expect(isinstance(value, str), value, name, "must be in YYYY-MM-DD format"))
            case "date-time":
                return _time(name, _expect(isinstance(value, str), value, name, "must be a valid ISO 8601 date"))
            case _:
                return self._string(name, value)

    def _number(self, name: str, value: Any) -> float:
        _expect(isinstance(value, int | float) and not isinstance(value, bool), value, name, "must be a number")
        _expect(abs(value) <= MAX_SAFE_INTEGER, value, name, "must be a safe number")
        _expect(self.type == "number" or float(value).is_integer(), value, name, "must be an integer")
        if self.minimum is not None:
            _expect(value >= self.minimum, value, name, f"must be greater than or equal to {self.minimum:g}")
        if self.maximum is not None:
            _expect(value <= self.maximum, value, name, f"must be less than or equal to {self.maximum:g}")
        return int(value) if float(value).is_integer() else float(value)

    def _string(self, name: str, value: Any) -> str:
        _expect(isinstance(value, str), value, name, "must be a string")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise bad_request(f'"{name}" must be valid Unicode') from None
        if self.enum:
            _expect(value in self.enum, value, name, f"must be one of [{', '.join(self.enum)}]")
        if self.max_length is not None:
            limit = f"length must be less than or equal to {self.max_length} characters long"
            _expect(len(value) <= self.max_length, value, name, limit)
        if self.pattern is not None:
            _expect(re.fullmatch(self.pattern, value), value, name, f"fails to match the pattern {self.pattern}")
        return str(value)

    def _object(self, name: str, value: dict[str, Any]) -> dict[str, Any]:
        if self.items is not None:
            return {key: self.items.validate(f"{name}.{key}", item) for key, item in value.items()}
        return {**value, **_validate_properties(self.properties, value, f"{name}.")}

    def from_query(self, name: str, texts: Sequence[str]) -> Any:
        """Return the validated value of a query parameter.

        It arrives as a string; an array arrives as one string with commas, or as several strings.
        """
        value: Any = texts[-1]
        # a null character would end a search pattern
        _expect(not any("\0" in text for text in texts), value, name, "must not hold a null character")
        if self.type in {"number", "integer"}:
            try:
                value = float(value)
            except ValueError:
                raise bad_request(f'"{name}" must be a number') from None
        elif self.type == "boolean":
            value = {"true": True, "false": False}.get(value, value)
        elif self.type == "array":
            value = [part for text in texts for part in text.split(",") if part]
        return self.validate(name, value)


def _expect(condition: object, value: Any, name: str, problem: str) -> Any:
    if not condition:
        raise bad_request(f'"{name}" {problem}')
    return value


def _time(name: str, text: str) -> str:
    """Return the time in the form that the store compares: UTC, milliseconds, Z."""
    try:
        return format_time(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise bad_request(f'"{name}" must be a valid ISO 8601 date') from None


def _date(name: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise bad_request(f'"{name}" must be in YYYY-MM-DD format') from None


MAX_SAFE_INTEGER = 2**53 - 1  # JavaScript's, which every JSON reader keeps exactly; also excludes inf and nan

Properties = Mapping[str, Schema]

ANY = Schema("any")
STRING = Schema("string")
BOOLEAN = Schema("boolean")
NUMBER = Schema("number")
INTEGER = Schema("integer")
DATE = Schema("date")
DATE_TIME = Schema("date-time")
STRINGS = Schema("array")
URI = Schema("string", pattern=r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


def enum(*values: str) -> Schema:
    return Schema("string", enum=values)


def enum_array(*values: str) -> Schema:
    return Schema("array", items=enum(*values))


def array_of(items: Schema) -> Schema:
    return Schema("array", items=items)


def map_of(values: Schema) -> Schema:
    return Schema("object", items=values)


def required(schema: Schema) -> Schema:
    """Return the schema of a property that must be there."""
    return schema._replace(required=True)


def nullable(schema: Schema) -> Schema:
    return schema._replace(nullable=True)


# --- requests ---------------------------------------------------------------------------------------------------------

# `min 0` in the API's description; 0 is taken as the first page, and as the default size.
PAGE_QUERY: Properties = {"page_no": Schema("integer", minimum=0), "per_page": Schema("integer", minimum=0)}
SORT_ORDER = enum("ASC", "DESC")


def request_object(properties: Properties) -> Schema:
    """Return the schema of an object in a request: these properties are known, others are ignored."""
    return Schema("object", properties=properties)


def validate_query(schemas: Properties, given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the known parameters, validated. Unknown ones are ignored, as the API does with those of old versions."""
    return {name: schema.from_query(name, given[name]) for name, schema in schemas.items() if name in given}


def validate_body(schemas: Properties, given: Any) -> dict[str, Any]:
    """Return the known properties that are there, validated. Unknown ones are ignored."""
    if not isinstance(given, dict):
        raise bad_request('"value" must be of type object')
    return _validate_properties(schemas, given, "")


def _validate_properties(schemas: Properties, given: Mapping[str, Any], path: str) -> dict[str, Any]:
    for name, schema in schemas.items():
        if schema.required and name not in given:
            raise bad_request(f'"{path}{name}" is required')
    return {name: schema.validate(path + name, given[name]) for name, schema in schemas.items() if name in given}


def with_defaults(schemas: Properties, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a POST or PUT stores: the given values, and the documented defaults of the others."""
    return {name: schema.default if given.get(name) is None else given[name] for name, schema in schemas.items()}


# --- responses --------------------------------------------------------------------------------------------------------

PAGING: Properties = {"total_count": INTEGER, "start_offset": INTEGER, "end_offset": INTEGER}


def response_object(always: Properties, optional: Properties = MappingProxyType({})) -> Schema:
    """Return the schema of an object in a response: some properties always, some optionally, and no others."""
    properties = {**{name: required(schema) for name, schema in always.items()}, **optional}
    return Schema("object", closed=True, properties=properties)


def success(schema: Schema) -> Schema:
    """`{"success": true, "data": ...}`."""
    return response_object({"success": BOOLEAN, "data": schema})


def page(schema: Schema, key: str | None = None) -> Schema:
    """`data[]`, or `data.<key>[]`, with `paging` beside `data`."""
    items = array_of(schema)
    data = items if key is None else response_object({key: items})
    return response_object({"success": BOOLEAN, "data": data, "paging": response_object(PAGING)})


def nested_page(schema: Schema, key: str) -> Schema:
    """`data.<key>[]`, with `paging` inside `data`."""
    return success(response_object({key: array_of(schema), "paging": response_object(PAGING)}))
