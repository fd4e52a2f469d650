"""Sort keys: those that are documented for a list, and how the API spells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints


def sort_keys(relation: type[Any]) -> list[str]:
    """Return the fields in the annotation of a list's `order_by`; an empty list if it has no `order_by`."""
    order_by = getattr(relation, "order_by", None)
    if order_by is None:
        return []
    hint = get_type_hints(order_by)["field"]
    literals = [option for option in (hint, *get_args(hint)) if get_origin(option) is Literal]
    return [key for literal in literals for key in get_args(literal) if not key.startswith("-")]


def wire_sort_key(name: str) -> str:
    """Return the name of a field as `sort_by` takes it: in camelCase."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def reject_other_key(relation: type[Any], field: str) -> None:
    """Raise a ValueError if a list that is always sorted by the same field is to be sorted by another one."""
    if field.removeprefix("-") not in (keys := sort_keys(relation)):
        raise ValueError(f"order_by({field!r}): this list can be sorted by {' or '.join(map(repr, keys))} only")


def note_other_key(relation: type[Any], query: Mapping[str, Any], error: Exception) -> None:
    """Add the documented keys to the server's error, if the request had another one."""
    keys = [wire_sort_key(key) for key in sort_keys(relation)]
    if (given := query.get("sort_by")) is not None and given not in keys:
        error.add_note(f"sort_by={given!r} is not documented for this list; use {' or '.join(map(repr, keys))}")
