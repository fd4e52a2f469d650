"""Keyword arguments that are passed on: which of them a method accepts, according to its own signature.

Methods declare them as `**fields: Unpack[SomeTypedDict]`: one declaration for type checkers, documentation and the
check at run time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, TypedDict


class RequestOptions(TypedDict, total=False):
    """The options of every call."""

    extra_query: Mapping[str, Any]  # query parameters that this package does not know (yet)
    extra_body: Mapping[str, Any]  # fields of the body that this package does not know (yet)
    extra_headers: Mapping[str, str]  # request headers, for this call alone; never the authorization
    timeout: float  # seconds, for this call alone


class FileOptions(RequestOptions, total=False):
    """The options of calls that read a file into memory."""

    max_bytes: int | None  # the largest accepted size of the file; 64 MiB unless given, None for any size


class ScopedOptions(RequestOptions, total=False):
    """The options of calls on the collections of an app: they can name another app or account than the client's."""

    account_id: str
    app_id: str


OPTION_NAMES = frozenset({"extra_query", "extra_body", "extra_headers", "timeout"})


def split_kwargs(kwargs: Mapping[str, Any], names: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the entries with these names, and the others."""
    if not kwargs:
        return {}, {}
    chosen = {name: value for name, value in kwargs.items() if name in names}
    return chosen, {name: value for name, value in kwargs.items() if name not in names}


def drop_none(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries whose value is not None."""
    return {name: value for name, value in kwargs.items() if value is not None}


def validate_type(name: str, value: Any, kind: type | tuple[type, ...], expected: str) -> Any:
    """Return the value if it has this type.

    Raises:
        TypeError: it does not; the message names only its type, because the value may be a secret.
    """
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {expected}, not {type(value).__name__}")
    return value


def validate_has(name: str, value: Any, method: str, expected: str) -> Any:
    """Like `validate_type`, for a value of any class that has this method."""
    if not callable(getattr(value, method, None)):
        raise TypeError(f"{name} must be {expected}, not {type(value).__name__}")
    return value


def name_constructor(cls: Any) -> None:
    """Give a class a copy of its base's constructor under its own name, for Python's messages about arguments."""
    base = cls.__init__
    if "__init__" in vars(cls) or not isinstance(base, FunctionType):  # a class that declares its own
        return
    own = FunctionType(base.__code__, base.__globals__, base.__name__, base.__defaults__, base.__closure__)
    functools.update_wrapper(own, base)
    own.__kwdefaults__, own.__qualname__ = base.__kwdefaults__, f"{cls.__qualname__}.__init__"
    cls.__init__ = own


def validate_positive(name: str, number: Any) -> int:
    """Return the number if it is a whole number, 1 or more.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError(f"{name}={number!r}: must be a whole number, 1 or more")
    return number


@functools.cache
def _accepted(function: Callable[..., Any]) -> tuple[frozenset[str], frozenset[str]]:
    """Return all keywords that a function accepts, those of its `Unpack[...]` included, and the required ones."""
    code = function.__code__
    positional_only, named = code.co_posonlyargcount, code.co_argcount + code.co_kwonlyargcount
    accepted, required = set(code.co_varnames[positional_only:named]), set[str]()
    if code.co_flags & 0x08:  # CO_VARKEYWORDS
        annotation = function.__annotations__[code.co_varnames[named + bool(code.co_flags & 0x04)]]
        # As typing.get_type_hints does, but for this one annotation: the others may name what only checkers import.
        (fields,) = eval(annotation, function.__globals__).__args__  # noqa: S307 - our own annotation
        accepted |= fields.__required_keys__ | fields.__optional_keys__
        required |= fields.__required_keys__
    return frozenset(accepted), frozenset(required)


def validate_kwargs(function: Callable[..., Any], kwargs: Mapping[str, Any]) -> None:
    """Raise the TypeError that Python would raise if the function named its keywords one by one."""
    accepted, required = _accepted(function)
    if not kwargs and not required:
        return
    if not kwargs.keys() <= accepted:
        import difflib  # only for the message

        (name, *_) = sorted(kwargs.keys() - accepted)
        similar = difflib.get_close_matches(name, accepted, 1)
        others = sorted(accepted - ScopedOptions.__optional_keys__ - {"self"})
        hint = f"; did you mean {similar[0]!r}?" if similar else f"; it accepts {', '.join(others)}" if others else ""
        raise TypeError(f"{function.__name__}() got an unexpected keyword argument {name!r}{hint}")
    for name in ("extra_query", "extra_body"):
        if kwargs.get(name) is not None:
            validate_type(f"{name}=", kwargs[name], Mapping, "a mapping of names to values")
    if not required <= kwargs.keys():
        names = ", ".join(sorted(required - kwargs.keys()))
        raise TypeError(f"{function.__name__}() needs {names}")
