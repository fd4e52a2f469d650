"""Records: annotated fields over the decoded JSON object, converted when they are first read.

So a page of records costs little more than decoding it, fields that nobody declared survive, and a bad field hurts
only its reader.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, Union, get_args, get_origin, get_type_hints

from realtimekit.errors import DecodeError
from realtimekit.values import parse_date, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Convert = Callable[[Any, "Record"], Any]


class Record:
    """A JSON object with typed fields. Read-only: what the API knows changes only through the API.

    `record.name` is the field as Python has it; `record["name"]` is the raw value under its name on the wire, for
    declared and undeclared fields alike; `to_dict()` is a copy of all of it.
    """

    _telling: ClassVar[tuple[str, ...]] = ()
    _data: dict[str, Any]

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.__dict__["_data"] = dict(data)

    def __init_subclass__(cls, *, telling: tuple[str, ...] = (), **kwargs: Any) -> None:
        """Turn annotations into fields.

        Args:
            telling: the names on the wire of the fields that `repr` shows.
            kwargs: for other base classes.
        """
        super().__init_subclass__(**kwargs)
        cls._telling = telling or cls._telling
        for name, annotation in cls.__annotations__.items():  # its own alone, not its bases'
            if name not in cls.__dict__ and not name.startswith("_") and not str(annotation).startswith("ClassVar"):
                described = Field()
                described.__set_name__(cls, name)
                setattr(cls, name, described)

    def __getitem__(self, name: str) -> Any:
        return self._data[name]

    def __contains__(self, name: object) -> bool:
        return name in self._data

    def __iter__(self) -> Iterator[str]:
        """The names on the wire of the fields that the server sent."""
        return iter(self._data)

    def to_dict(self) -> dict[str, Any]:
        """A copy of the record as the server sent it: names of the wire, values of JSON."""
        return {name: _copy(value) for name, value in self._data.items()}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._data == self._data

    def __hash__(self) -> int:
        raise TypeError(f"a {type(self).__name__} has no identity: it cannot be in a set or be a key")

    def __setattr__(self, name: str, value: Any) -> None:
        cure = f"; send the change with update({name}=...)" if hasattr(type(self), "update") else ""
        raise AttributeError(f"{name!r} of {type(self).__name__} cannot be assigned{cure}")

    def __repr__(self) -> str:
        shown = "".join(f" {name}={self._data[name]!r}" for name in self._telling if name in self._data)
        return f"<{type(self).__name__}{shown}>"

    def _replace(self, data: dict[str, Any]) -> None:
        """Take over newer data. Fields that it leaves out keep their last value: a token is sent only once."""
        self.__dict__["_data"] = {**self._data, **data}
        for name in [name for name in list(self.__dict__) if isinstance(getattr(type(self), name, None), Field)]:
            self.__dict__.pop(name, None)

    @classmethod
    def _nested(cls, data: dict[str, Any], _parent: Record) -> Self:
        """A record inside another one."""
        return cls(data)


class Field:
    """Finds, converts and keeps a value on its first read; later reads do not come here (it has no `__set__`)."""

    name: str
    owner: type
    optional: bool
    convert: Convert | None = None

    def __init__(self, *wire_names: str) -> None:
        self.wire_names: tuple[str, ...] = wire_names

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.owner = name, owner
        self.wire_names = self.wire_names or (name,)

    def __get__(self, record: Record | None, owner: type) -> Any:
        if record is None:
            return self
        if self.convert is None:
            self.optional, self.convert = _conversion(annotation_of(self.owner, self.name))
        data = record._data
        raw = next((data[name] for name in self.wire_names if data.get(name) is not None), None)
        try:
            value = None if raw is None else self.convert(raw, record)
        except (TypeError, ValueError, OverflowError) as error:
            raise DecodeError(
                f"{type(record).__name__}.{self.name} cannot be read: {error}; the raw value is "
                f"record[{self.wire_names[0]!r}]"
            ) from None
        if value is None and not self.optional:
            why = "the server left it out" if data.keys() - {"id"} else "it was not loaded yet; reload() it"
            raise DecodeError(f"{record!r} has no {self.wire_names[0]!r}: {why}")
        record.__dict__[self.name] = value
        return value


def wire(*names: str) -> Any:
    """A field whose name on the wire differs; several names where the API writes it in more than one way."""
    return Field(*names)


def annotation_of(owner: type, name: str) -> Any:
    """One annotation, resolved on its own: the others of the class may name what only type checkers import."""
    alone = types.SimpleNamespace(__annotations__={name: owner.__annotations__[name]})
    return get_type_hints(alone, vars(sys.modules[owner.__module__]))[name]


def _conversion(hint: Any) -> tuple[bool, Convert]:
    """Whether None is a value of the type, and how JSON becomes the rest of it."""
    if get_origin(hint) in (Union, types.UnionType):
        options = [option for option in get_args(hint) if option is not type(None)]
        # `Literal[...] | str`: an enum that the API may extend
        kinds = [option for option in options if get_origin(option) is not Literal]
        return len(options) < len(get_args(hint)), _conversion(kinds[0])[1] if len(kinds) == 1 else _as_it_is
    origin = get_origin(hint) or hint
    if origin is list:
        convert = _conversion(get_args(hint)[0])[1]
        return False, lambda raw, record: [convert(item, record) for item in _expect(list, raw)]
    if isinstance(origin, type) and issubclass(origin, Record):
        return False, lambda raw, record: origin._nested(_expect(dict, raw), record)
    return hint is Any, _CONVERSIONS.get(origin, _as_it_is)


def _as_it_is(raw: Any, _record: Record) -> Any:
    return raw


def _expect(kind: type, raw: Any) -> Any:
    if not isinstance(raw, kind):
        raise TypeError(f"expected {_JSON_NAMES[kind]}, got {type(raw).__name__}")
    return raw


def _text(raw: Any, _record: Record) -> str:
    return str(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else _expect(str, raw)


def _number(raw: Any, _record: Record) -> float:
    # some schemas say text where the examples send numbers
    return float(raw if isinstance(raw, int | str) and not isinstance(raw, bool) else _expect(float, raw))


def _whole(raw: Any, record: Record) -> int:
    number = _number(raw, record)
    if not number.is_integer():
        raise ValueError(f"{raw!r} is no whole number")
    return raw if isinstance(raw, int) else int(number)


def _time(raw: Any, _record: Record) -> datetime | None:
    return None if raw == "null" else parse_timestamp(_expect(str, raw))  # one example sends the text "null"


def _truth(raw: Any, _record: Record) -> bool:
    # one schema types a flag as text
    return bool(raw == "true" if raw in ("true", "false") else _expect(bool, raw))


_JSON_NAMES = {list: "a list", dict: "an object", str: "a text", float: "a number", bool: "true or false"}
_CONVERSIONS: dict[Any, Convert] = {
    str: _text,
    float: _number,
    int: _whole,
    bool: _truth,
    dict: lambda raw, _record: _expect(dict, raw),
    datetime: _time,
    date: lambda raw, _record: parse_date(_expect(str, raw)),
}


def _copy(value: Any) -> Any:
    """A deep copy of JSON; `copy.deepcopy` takes ten times as long."""
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
