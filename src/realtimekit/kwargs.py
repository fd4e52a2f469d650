"""Keyword arguments that pass through: which a method takes, told from its own signature.

Methods declare what they take as `**fields: Unpack[SomeTypedDict]`: one declaration for the type checkers, the
documentation and the check at run time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, TypedDict


class Options(TypedDict, total=False):
    """What every call takes."""

    extra_query: Mapping[str, Any]  # query parameters that this package does not know (yet)
    extra_body: Mapping[str, Any]  # fields of the body that this package does not know (yet)
    timeout: float  # seconds, for this call alone


class Scoped(Options, total=False):
    """What every call on a collection of an app takes: another app or account than the client's."""

    account_id: str
    app_id: str


OPTIONS = frozenset({"extra_query", "extra_body", "timeout"})


def split(given: Mapping[str, Any], names: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The entries with these names, and the rest."""
    if not given:
        return {}, {}
    chosen = {name: value for name, value in given.items() if name in names}
    return chosen, {name: value for name, value in given.items() if name not in names}


@functools.cache
def _taken(function: Callable[..., Any]) -> tuple[frozenset[str], frozenset[str]]:
    """Every keyword that a function takes, those of its `Unpack[...]` included; and those it cannot do without."""
    code = function.__code__
    positional_only, named = code.co_posonlyargcount, code.co_argcount + code.co_kwonlyargcount
    taken, required = set(code.co_varnames[positional_only:named]), set[str]()
    if code.co_flags & 0x08:  # CO_VARKEYWORDS
        annotation = function.__annotations__[code.co_varnames[named + bool(code.co_flags & 0x04)]]
        # As typing.get_type_hints does, but for this one annotation: the others name things only checkers import.
        (fields,) = eval(annotation, function.__globals__).__args__  # noqa: S307 - our own annotation
        taken |= fields.__required_keys__ | fields.__optional_keys__
        required |= fields.__required_keys__
    return frozenset(taken), frozenset(required)


def check(function: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Raise the TypeError that Python would raise if the function named its keywords one by one."""
    taken, required = _taken(function)
    if not given.keys() <= taken:
        import difflib  # noqa: PLC0415 - only for the message

        (name, *_) = sorted(given.keys() - taken)
        near = difflib.get_close_matches(name, taken, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise TypeError(f"{function.__name__}() got an unexpected keyword argument {name!r}{hint}")
    if not required <= given.keys():
        names = ", ".join(sorted(required - given.keys()))
        raise TypeError(f"{function.__name__}() needs {names}")
