"""Records: typed fields over a decoded JSON object, converted when they are first read.

So a page of records costs little more than decoding its JSON, undeclared fields survive, and an invalid field raises
only where it is read.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, Union, get_args, get_origin, get_type_hints

from realtimekit.errors import DecodeError
from realtimekit.values import parse_date, parse_timestamp

if TYPE_CHECKING:
    _Mapping = Mapping[str, Any]

else:
    _Mapping = object  # registered below: as a real base it would bring a metaclass, and slower classes

Converter = Callable[[Any, "Record"], Any]


class _PydanticSerializer:
    """Tells pydantic how to serialize a record where no type is declared, as in `dict[str, Any]`."""

    def __get__(self, _record: Record | None, owner: type[Record]) -> Any:
        try:
            from realtimekit.pydantic_schema import record_serializer
        except ImportError as error:
            raise AttributeError(str(error)) from None  # no pydantic: another tool reads all attributes
        return record_serializer(owner)


class Record(_Mapping):
    """A JSON object with typed fields. Read-only: changes are made through the API.

    `record.name` is the typed value of a field. A record is also a mapping, whose keys are the wire names of the fields
    that the server sent: `record["createdAt"]` is the same typed value if a field is declared for that name, otherwise
    a copy of the JSON. So `dict(record)`, data frames, templates and JSON encoders see typed values. `to_dict()`
    returns a copy of the JSON as the server sent it.
    """

    _repr_fields: ClassVar[tuple[str, ...]] = ()
    _html_fields: ClassVar[tuple[str, ...]] = ()  # in notebooks, if they are others
    _data: dict[str, Any]

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.__dict__["_data"] = dict(data)

    def __init_subclass__(cls, *, repr_fields: tuple[str, ...] = (), **kwargs: Any) -> None:
        """Turn the annotations of the class into fields.

        Args:
            repr_fields: the wire names of the fields that `repr` shows.
            kwargs: passed on to other base classes.
        """
        super().__init_subclass__(**kwargs)
        cls._repr_fields = repr_fields or cls._repr_fields
        for name, annotation in cls.__annotations__.items():  # of this class only, not of its bases
            if name.startswith("_") or str(annotation).startswith("ClassVar"):
                continue
            if name in _METHODS:
                raise TypeError(f"{cls.__name__}.{name} would hide a method: {name}_: ... = field({name!r})")
            if name not in cls.__dict__:
                declared = Field()
                declared.__set_name__(cls, name)
                setattr(cls, name, declared)

    # --- a mapping -----------------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Any:
        """Return the value of the field with this wire name.

        Raises:
            KeyError: the server sent no field of this name.
            DecodeError: the value cannot be read as the declared type.
        """
        raw = self._data[name]
        attributes = _attributes_by_wire_name(type(self)).get(name)
        if raw is None or attributes is None:
            return _copy(raw)
        values = (getattr(self, attribute) for attribute in attributes)
        return _copy(next((value for value in values if value is not None), None))

    def get(self, name: str, default: Any = None, /) -> Any:
        """Return `record[name]`, or the default if the server sent no field of this name."""
        return self[name] if name in self._data else default

    def __contains__(self, name: object) -> bool:
        return name in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __bool__(self) -> Literal[True]:
        """A record is always true, even if the server sent no fields."""
        return True

    def keys(self) -> KeysView[str]:
        """Return the wire names of the fields that the server sent."""
        return self._data.keys()

    def values(self) -> ValuesView[Any]:
        """Return the typed values, as `record[name]` gives them."""
        return ValuesView(self)

    def items(self) -> ItemsView[str, Any]:
        """Return pairs of a wire name and its typed value."""
        return ItemsView(self)

    def to_dict(self) -> dict[str, Any]:
        """Return a deep copy of the JSON object as the server sent it."""
        return {name: _copy(value) for name, value in self._data.items()}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._data == self._data

    def __hash__(self) -> int:
        raise TypeError(f"{type(self).__name__} is not hashable: it has no identity")

    def __setattr__(self, name: str, value: Any) -> None:
        cure = f"; send the change with update({name}=...)" if hasattr(type(self), "update") else ""
        raise AttributeError(f"{name!r} of {type(self).__name__} cannot be assigned{cure}")

    def __repr__(self) -> str:
        fields = "".join(f" {name}={self._data[name]!r}" for name in self._repr_fields if name in self._data)
        return f"<{type(self).__name__}{fields}>"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        """Support pydantic, and so FastAPI's `-> Session`: an instance of this class, whose JSON is `dict(record)`.

        A participant's token is rejected there: only `reveal()` returns it.
        """
        from realtimekit.pydantic_schema import record_schema

        return record_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        from realtimekit.pydantic_schema import record_json_schema

        return record_json_schema(cls)

    __pydantic_serializer__: ClassVar[Any] = _PydanticSerializer()

    def _repr_html_(self) -> str:
        """Return the fields that `repr` shows as a table, for notebooks. Nothing is sent."""
        from realtimekit.notebook import html_table

        names = [name for name in self._html_fields or self._repr_fields if self._data.get(name) is not None]
        return html_table(type(self).__name__, [], [[name, self._shown(name)] for name in names])

    def _shown(self, name: str) -> Any:
        """Return the value of a field; as the server sent it, if there is none of this name or it cannot be read."""
        try:
            return getattr(self, name)
        except (AttributeError, DecodeError):
            return self._data.get(name)

    __sentry_repr__ = __repr__  # Sentry would serialize a mapping, with its links and stream keys

    def _merge(self, data: dict[str, Any]) -> None:
        """Merge newer data. Fields that it leaves out keep their last value: a token is sent only once."""
        attributes = self.__dict__
        attributes["_data"] = {**self._data, **data}
        for name in list(attributes):
            if not name.startswith("_") and isinstance(getattr(type(self), name, None), Field):
                attributes.pop(name, None)

    @classmethod
    def _nested(cls, data: dict[str, Any], _parent: Record) -> Self:
        """Create a record that is nested in another one."""
        return cls(data)


_METHODS = frozenset(name for name in vars(Record) if not name.startswith("_"))
Mapping.register(Record)  # pyright: ignore[reportAttributeAccessIssue] - missing from its stubs


class _NoJSONType:
    """A type that no JSON value has."""


class AbsentFieldError(DecodeError, AttributeError):
    """The server sends a field to some calls only, and this record is not from one of them.

    It is also an AttributeError, so that `hasattr(participant, "token")` is False.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.name: str | None = ""  # of the attribute: Python would append a similar one to the message


class Field:
    """Converts a value when it is first read, and caches it in the record's `__dict__`.

    Later reads bypass the descriptor: Python prefers the `__dict__` to a descriptor without `__set__`.
    """

    name: str
    owner: type
    optional: bool
    convert: Converter | None = None
    _json_type: type = _NoJSONType  # values of this JSON type need no conversion ...
    _is_time = False  # ... except times, most of which have one form
    _wire_name: str  # the first of the wire names

    def __init__(self, *wire_names: str, converter: Callable[[Any], Any] | None = None, absent: str = "") -> None:
        self.wire_names: tuple[str, ...] = wire_names
        self._converter = converter
        self._absent = absent

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.owner = name, owner
        self.wire_names = self.wire_names or (name,)
        self._wire_name = self.wire_names[0]

    def __get__(self, record: Record | None, owner: type) -> Any:
        if record is None:
            return self
        attributes = record.__dict__
        data = attributes["_data"]
        try:
            value = data[self._wire_name]  # cheaper than `get`, which is a call
        except KeyError:
            value = None
        if type(value) is not self._json_type:
            del attributes, data, value  # error trackers send local variables, such as tokens and links
            return self._convert_and_cache(record)
        if self._is_time:
            try:
                value = datetime.fromisoformat(value)  # type: ignore[arg-type]
            except ValueError:
                value = None
            if value is None or value.tzinfo is not UTC:  # another form
                del attributes, data, value  # as above
                return self._convert_and_cache(record)
        attributes[self.name] = value
        if attributes["_data"] is not data:  # another thread merged newer data meanwhile
            attributes.pop(self.name, None)
        return value

    def _convert_and_cache(self, record: Record) -> Any:
        if self.convert is None:
            self.optional, convert = converter_for(resolve_annotation(self.owner, self.name))
            custom = self._converter
            self._is_time = convert is _to_datetime and not custom  # before `_json_type`: another thread may be reading
            self._json_type = _NoJSONType if custom else _UNCONVERTED.get(convert, _NoJSONType)
            self.convert = convert if custom is None else lambda raw, _record: custom(raw)
        attributes = record.__dict__
        data, value, name = attributes["_data"], None, self._wire_name
        raw: Any = None
        try:
            for name in self.wire_names:
                if (raw := data.get(name)) is not None:
                    value = self.convert(raw, record)
                    break
        except (TypeError, ValueError, OverflowError) as error:
            del attributes, data, raw  # as above
            raise DecodeError(
                f"{type(record).__name__}.{self.name} cannot be read: {error}; the raw value is "
                f"record.to_dict()[{name!r}]"
            ) from None
        if value is None and not self.optional:
            loaded = data.keys() - {"id"}
            why = self._absent or ("the server left it out" if loaded else "it was not loaded yet; call reload()")
            del attributes, data  # as above
            message = f"{record!r} has no {self._wire_name!r}: {why}"
            if self._absent:
                raise AbsentFieldError(message)
            raise DecodeError(message)
        attributes[self.name] = value
        if attributes["_data"] is not data:
            attributes.pop(self.name, None)
        return value


@functools.cache
def _attributes_by_wire_name(cls: type[Record]) -> dict[str, list[str]]:
    """Map each wire name to the attributes that read it, the one of the same name first.

    There are several if one name has values of different kinds, such as a recording's `download_url`.
    """
    found: dict[str, list[str]] = {}
    for base in cls.__mro__:
        for field in vars(base).values():
            if isinstance(field, Field) and getattr(cls, field.name) is field:  # not overridden by a subclass
                for name in field.wire_names:
                    attributes = found.setdefault(name, [])
                    attributes.insert(0 if field.name == name else len(attributes), field.name)
    return found


def field(*wire_names: str, converter: Callable[[Any], Any] | None = None, absent: str = "") -> Any:
    """Declare a field whose wire name differs from its attribute.

    Args:
        wire_names: one name, or several where the API spells it in more than one way; the first that is present counts.
        converter: turns the JSON value into the Python one, where the annotation cannot say how.
        absent: why the value may be absent, and the cure, for the error of a required one.
    """
    return Field(*wire_names, converter=converter, absent=absent)


def resolve_annotation(owner: type, name: str) -> Any:
    """Resolve one annotation of a class; the others may name types that only type checkers import."""
    alone = types.SimpleNamespace(__annotations__={name: owner.__annotations__[name]})
    return get_type_hints(alone, vars(sys.modules[owner.__module__]))[name]


def converter_for(hint: Any) -> tuple[bool, Converter]:
    """Return whether the type allows None, and the converter from JSON to the type."""
    if get_origin(hint) in (Union, types.UnionType):
        options = [option for option in get_args(hint) if option is not type(None)]
        # `Literal[...] | str` is an open enum: the API may add values
        kinds = [option for option in options if get_origin(option) is not Literal]
        return len(options) < len(get_args(hint)), converter_for(kinds[0])[1] if len(kinds) == 1 else _to_any
    origin = get_origin(hint) or hint
    if origin is list:
        nullable, convert = converter_for(get_args(hint)[0])
        return False, lambda raw, record: [
            convert(item, record) for item in _expect(list, raw) if nullable or item is not None
        ]
    if isinstance(origin, type) and issubclass(origin, Record):
        return False, lambda raw, record: origin._nested(_expect(dict, raw), record)
    return hint is Any, _CONVERTERS.get(origin, _to_any)


def _to_any(raw: Any, _record: Record) -> Any:
    return _copy(raw)


def _expect(kind: type, raw: Any) -> Any:
    if not isinstance(raw, kind):
        raise TypeError(f"expected {_JSON_NAMES[kind]}, got {type(raw).__name__}")
    return raw


def _to_str(raw: Any, _record: Record) -> str:
    return str(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else _expect(str, raw)


def _to_float(raw: Any, _record: Record) -> float:
    # some schemas declare strings where the examples send numbers
    return float(raw if isinstance(raw, int | str) and not isinstance(raw, bool) else _expect(float, raw))


def _to_int(raw: Any, record: Record) -> int:
    number = _to_float(raw, record)
    if not number.is_integer():
        raise ValueError(f"{raw!r} is not a whole number")
    return raw if isinstance(raw, int) else int(number)


def _to_datetime(raw: Any, _record: Record) -> datetime | None:
    if raw == "null":  # one example sends the string
        return None
    return parse_timestamp(_expect(str, raw))


def _to_bool(raw: Any, _record: Record) -> bool:
    # one schema declares a flag as a string
    return bool(raw == "true" if raw in ("true", "false") else _expect(bool, raw))


_JSON_NAMES = {list: "a list", dict: "an object", str: "a string", float: "a number", bool: "true or false"}
_CONVERTERS: dict[Any, Converter] = {
    str: _to_str,
    float: _to_float,
    int: _to_int,
    bool: _to_bool,
    dict: lambda raw, _record: _copy(_expect(dict, raw)),
    datetime: _to_datetime,
    date: lambda raw, _record: parse_date(_expect(str, raw)),
}

# Values that JSON already decodes to the right type. Not int: it may be too large.
_UNCONVERTED: dict[Converter, type] = {_to_str: str, _to_float: float, _to_bool: bool, _to_datetime: str}


def _copy(value: Any) -> Any:
    """Return a deep copy of a JSON value; `copy.deepcopy` takes ten times as long."""
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
