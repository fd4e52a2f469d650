"""Records: annotated fields over the decoded JSON object, converted when they are first read.

So a page of records costs little more than decoding it, fields that nobody declared survive, and a bad field hurts
only its reader.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, ItemsView, Mapping, ValuesView
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, Union, get_args, get_origin, get_type_hints

from realtimekit.errors import DecodeError
from realtimekit.values import parse_date, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, KeysView

    _Mapping = Mapping[str, Any]
else:
    _Mapping = object  # and registered below: as a real base it would bring a metaclass, and slower classes

Convert = Callable[[Any, "Record"], Any]


class Record(_Mapping):
    """A JSON object with typed fields. Read-only: what the API knows changes only through the API.

    `record.name` is the field as Python has it. A record is a mapping, too, over the names on the wire of what the
    server sent: `record["createdAt"]` is the value as the attribute has it, where a field is declared for that name;
    else it is a copy of the JSON. So `dict(record)`, data frames, templates and JSON encoders see typed values.
    `to_dict()` is a copy of it all as the server sent it.
    """

    _repr_fields: ClassVar[tuple[str, ...]] = ()
    _data: dict[str, Any]

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.__dict__["_data"] = dict(data)

    def __init_subclass__(cls, *, repr_fields: tuple[str, ...] = (), **kwargs: Any) -> None:
        """Turn annotations into fields.

        Args:
            repr_fields: the names on the wire of the fields that `repr` shows.
            kwargs: for other base classes.
        """
        super().__init_subclass__(**kwargs)
        cls._repr_fields = repr_fields or cls._repr_fields
        for name, annotation in cls.__annotations__.items():  # its own alone, not its bases'
            if name.startswith("_") or str(annotation).startswith("ClassVar"):
                continue
            if name in _METHODS:
                raise TypeError(f"{cls.__name__}.{name} would hide a method: {name}_: ... = field({name!r})")
            if name not in cls.__dict__:
                described = Field()
                described.__set_name__(cls, name)
                setattr(cls, name, described)

    # --- a mapping -----------------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Any:
        """The value under a name on the wire.

        Raises:
            KeyError: the server sent nothing of this name.
            DecodeError: it cannot be read as what it should be.
        """
        raw = self._data[name]
        attributes = _names_on_the_wire(type(self)).get(name)
        if raw is None or attributes is None:
            return _copy(raw)
        values = (getattr(self, attribute) for attribute in attributes)
        return _copy(next((value for value in values if value is not None), None))

    def get(self, name: str, default: Any = None, /) -> Any:
        """As `record[name]`; the default where the server sent nothing of this name."""
        return self[name] if name in self._data else default

    def __contains__(self, name: object) -> bool:
        return name in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __bool__(self) -> Literal[True]:
        """A record is there, also where the server sent no fields."""
        return True

    def keys(self) -> KeysView[str]:
        """The names on the wire of the fields that the server sent."""
        return self._data.keys()

    def values(self) -> ValuesView[Any]:
        """The values of `record[name]`."""
        return ValuesView(self)

    def items(self) -> ItemsView[str, Any]:
        """Names and values of `record[name]`."""
        return ItemsView(self)

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
        shown = "".join(f" {name}={self._data[name]!r}" for name in self._repr_fields if name in self._data)
        return f"<{type(self).__name__}{shown}>"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        """For pydantic, and so FastAPI's `-> Session`: an instance of this class; its JSON is that of `dict(record)`.

        A participant's token is refused there, as everywhere: `reveal()` says that somebody wants it.
        """
        from pydantic_core import core_schema

        to_json = core_schema.plain_serializer_function_ser_schema(
            _jsonable, return_schema=core_schema.dict_schema(core_schema.str_schema()), when_used="json"
        )
        return core_schema.is_instance_schema(cls, serialization=to_json)

    __sentry_repr__ = __repr__  # Sentry would look into a mapping, and find links and stream keys

    def _merge(self, data: dict[str, Any]) -> None:
        """Take over newer data. Fields that it leaves out keep their last value: a token is sent only once."""
        self.__dict__["_data"] = {**self._data, **data}
        read = [name for name in list(self.__dict__) if not name.startswith("_")]
        for name in [name for name in read if isinstance(getattr(type(self), name, None), Field)]:
            self.__dict__.pop(name, None)

    @classmethod
    def _nested(cls, data: dict[str, Any], _parent: Record) -> Self:
        """A record inside another one."""
        return cls(data)


def _jsonable(record: Record) -> Any:
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(dict(record), fallback=_nested_jsonable)


def _nested_jsonable(value: object) -> dict[str, Any]:
    if isinstance(value, Record):
        return dict(value)
    cure = "; send its reveal(), or the record's to_dict()" if hasattr(value, "reveal") else ""
    raise TypeError(f"{value!r} does not become JSON by itself{cure}")


_METHODS = frozenset(name for name in vars(Record) if not name.startswith("_"))
Mapping.register(Record)  # pyright: ignore[reportAttributeAccessIssue] - not in its stubs


class _Unlike:
    """The type of no value of JSON."""


class Field:
    """Finds, converts and keeps a value on its first read; later reads do not come here (it has no `__set__`)."""

    name: str
    owner: type
    optional: bool
    convert: Convert | None = None
    _same: type = _Unlike  # of what needs no conversion
    _timed = False  # but for a time, most often in the one form
    _first: str  # of the names on the wire

    def __init__(self, *wire_names: str, converter: Callable[[Any], Any] | None = None) -> None:
        self.wire_names: tuple[str, ...] = wire_names
        self._converter = converter

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.owner = name, owner
        self.wire_names = self.wire_names or (name,)
        self._first = self.wire_names[0]

    def __get__(self, record: Record | None, owner: type) -> Any:
        if record is None:
            return self
        kept = record.__dict__
        data = kept["_data"]
        try:
            value = data[self._first]  # `get` would be a call more
        except KeyError:
            value = None
        if type(value) is not self._same:
            del kept, data, value  # error trackers send local variables: tokens, links
            return self._read_by(record)
        if self._timed:
            try:
                value = datetime.fromisoformat(value)  # type: ignore[arg-type]
            except ValueError:
                value = None
            if value is None or value.tzinfo is not UTC:  # another form
                del kept, data, value  # as above
                return self._read_by(record)
        kept[self.name] = value  # what JSON gives is what Python has, most often
        if kept["_data"] is not data:  # newer data came meanwhile, in another thread
            kept.pop(self.name, None)
        return value

    def _read_by(self, record: Record) -> Any:
        if self.convert is None:
            self.optional, convert = _conversion(annotation_of(self.owner, self.name))
            converter = self._converter
            self._timed = convert is _time and not converter  # before `_same`: another thread may be reading
            self._same = _Unlike if converter else _SAME.get(convert, _Unlike)
            self.convert = convert if converter is None else lambda raw, _record: converter(raw)
        kept = record.__dict__
        data, value, name = kept["_data"], None, self._first
        raw: Any = None
        try:
            for name in self.wire_names:
                if (raw := data.get(name)) is not None:
                    value = self.convert(raw, record)
                    break
        except (TypeError, ValueError, OverflowError) as error:
            del kept, data, raw  # as above
            raise DecodeError(
                f"{type(record).__name__}.{self.name} cannot be read: {error}; the raw value is "
                f"record.to_dict()[{name!r}]"
            ) from None
        if value is None and not self.optional:
            why = "the server left it out" if data.keys() - {"id"} else "it was not loaded yet; reload() it"
            del kept, data  # as above
            raise DecodeError(f"{record!r} has no {self._first!r}: {why}")
        kept[self.name] = value
        if kept["_data"] is not data:
            kept.pop(self.name, None)
        return value


@functools.cache
def _names_on_the_wire(cls: type[Record]) -> dict[str, list[str]]:
    """Name on the wire -> the attributes that read it, its namesake first: some names carry one thing or another."""
    found: dict[str, list[str]] = {}
    for base in cls.__mro__:
        for field in vars(base).values():
            if isinstance(field, Field) and getattr(cls, field.name) is field:  # not one that a subclass replaced
                for name in field.wire_names:
                    attributes = found.setdefault(name, [])
                    attributes.insert(0 if field.name == name else len(attributes), field.name)
    return found


def field(*names: str, converter: Callable[[Any], Any] | None = None) -> Any:
    """A field whose name on the wire differs; several names where the API writes it in more than one way.

    `converter` turns the JSON value into the Python one, where the annotation alone cannot say how.
    """
    return Field(*names, converter=converter)


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
    return _copy(raw)


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
    if raw == "null":  # one example sends it as a text
        return None
    return parse_timestamp(_expect(str, raw))


def _truth(raw: Any, _record: Record) -> bool:
    # one schema types a flag as text
    return bool(raw == "true" if raw in ("true", "false") else _expect(bool, raw))


_JSON_NAMES = {list: "a list", dict: "an object", str: "a text", float: "a number", bool: "true or false"}
_CONVERSIONS: dict[Any, Convert] = {
    str: _text,
    float: _number,
    int: _whole,
    bool: _truth,
    dict: lambda raw, _record: _copy(_expect(dict, raw)),
    datetime: _time,
    date: lambda raw, _record: parse_date(_expect(str, raw)),
}

_SAME: dict[Convert, type] = {_text: str, _number: float, _truth: bool, _time: str}  # a whole number may be too large


def _copy(value: Any) -> Any:
    """A deep copy of JSON; `copy.deepcopy` takes ten times as long."""
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
