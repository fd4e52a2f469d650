"""Filters and sort keys are where people look for them: in `help()`, in docs/operations.md, in the error messages."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import pytest

import realtimekit
from realtimekit import ValidationError
from realtimekit.kwargs import RequestOptions
from realtimekit.relation import Relation
from realtimekit.resource import Resource
from realtimekit.sort_keys import sort_keys

from .scripted import Mode, Script, error, ok

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"
HEADER = ["| list | filters | `order_by` |", "|---|---|---|"]
EVERYWHERE = {*RequestOptions.__optional_keys__, "account_id", "app_id", "page_no", "per_page", "sort_by", "sort_order"}

LISTS: dict[str, type[Relation[Any, Any]]] = {
    kind.__name__: cast("type[Relation[Any, Any]]", kind._collection)
    for kind in (getattr(realtimekit, name) for name in realtimekit.__all__)
    if inspect.isclass(kind)
    and issubclass(kind, Resource)
    and issubclass(getattr(kind, "_collection", object), Relation)
}


def filters_of(relation: type[Relation[Any, Any]]) -> dict[str, Any]:
    """Return the filters of a list and their types, as its `where` declares them."""
    (hint,) = [hint for name, hint in get_type_hints(relation.where).items() if name != "return"]
    (fields,) = get_args(hint)
    return get_type_hints(fields)


def values_of(hint: Any) -> list[str]:
    """Return the documented values of a filter."""
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    inner = get_args(hint) if get_origin(hint) in (Union, UnionType) else ()
    return list(dict.fromkeys(value for option in inner for value in values_of(option)))


def table() -> list[str]:
    rows = []
    for kind, relation in sorted(LISTS.items()):
        cells = []
        for name, hint in filters_of(relation).items():
            if name not in EVERYWHERE:
                values = ", ".join(f'"{value}"' for value in values_of(hint))
                cells.append(f"`{name}`" + (f" ({values})" if values else ""))
        keys = ", ".join(f'"{key}"' for key in sort_keys(relation))
        rows.append(f"| `{kind}.where` | {', '.join(cells) or '-'} | {keys or '-'} |")
    return HEADER + rows


def test_the_table_in_the_documents_is_up_to_date() -> None:
    """If it fails, replace the table with what the message shows."""
    wanted = "\n".join(table())
    assert len(LISTS) >= 8
    assert wanted in DOCUMENT.read_text(encoding="utf-8"), f"docs/operations.md needs this table:\n{wanted}"


@pytest.mark.parametrize("kind", LISTS)
def test_help_has_every_filter_its_values_and_the_sort_keys(kind: str) -> None:
    relation = LISTS[kind]
    for where in (relation.where, getattr(getattr(realtimekit, kind), "where", relation.where)):
        text = re.sub(r"\s+", " ", inspect.getdoc(where) or "")
        missing = [name for name in filters_of(relation) if f"`{name}`" not in text and name != "extra_body"]
        missing += [v for hint in filters_of(relation).values() for v in values_of(hint) if f'"{v}"' not in text]
        missing += [f'order_by("{key}")' for key in sort_keys(relation) if f'order_by("{key}")' not in text]
        assert missing == [], f"the docstring of {relation.__name__}.where does not have these"


def test_the_error_about_an_unknown_filter_lists_the_known_ones(mode: Mode) -> None:
    client = mode.client(Script())
    with pytest.raises(TypeError, match=r"where\(\) .*'stauts'; did you mean 'status'\?$"):
        client.sessions.where(stauts="LIVE")
    with pytest.raises(TypeError, match=r"'xyz'; it accepts associated_id, end_time, .*participants, .*, status$"):
        client.sessions.where(xyz=1)
    with pytest.raises(TypeError, match=r"create\(\) .*'xyz'; it accepts ai_config, .*, title, transcribe_on_end$"):
        client.meetings.create(xyz=1)


@pytest.mark.parametrize("name", ["apps", "livestreams"])
@pytest.mark.parametrize("field", ["name", "-name", "createdat", ""])
def test_a_list_with_one_order_refuses_another(mode: Mode, name: str, field: str) -> None:
    """The API is not told by what to sort here, so that any other field would be ignored without a word."""
    with pytest.raises(ValueError, match=r"order_by\('.*'\): this list can be sorted by 'created_at' only"):
        getattr(mode.client(Script()), name).order_by(field)


def test_a_sort_key_that_the_server_refuses_is_explained(mode: Mode) -> None:
    """Another key is sent, because the API may add some; if it is refused, the error names the documented ones."""
    script = Script(error(400, "invalid sort_by"), error(400, "something else"), ok({"sessions": []}))
    sessions = mode.client(script).sessions
    with pytest.raises(ValidationError) as caught:
        mode.get(sessions.order_by("started_at").all())
    assert caught.value.__notes__ == [
        "sort_by='startedAt' is not documented for this list; use 'createdAt' or 'minutesConsumed'"
    ]
    with pytest.raises(ValidationError) as caught:
        mode.get(sessions.order_by("created_at").all())
    assert not hasattr(caught.value, "__notes__")
    assert mode.get(sessions.order_by("started_at").all()) == []
