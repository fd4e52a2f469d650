"""Values of the API that this package knows: listed, completed, checked; and open, because the API may have newer ones.

They are read from the SDK's own `Literal` types: there is no second list of them.
"""

from __future__ import annotations

import difflib
import functools
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.shell_completion import CompletionItem

    _Type = click.ParamType[str]
else:
    _Type = click.ParamType  # generic in newer versions alone

AS_IT_IS = "raw:"


class Known(_Type):
    """One of the known values, upper or lower case; or `raw:` and any other, which is sent as it is.

    Sending what is not known needs that word because a filter that a server does not understand may be left out by it,
    and because nobody should wait ten minutes for a status that is misspelt.

    Args:
        place: where the SDK has the type, below `realtimekit.resources`: `module.Alias` or `module.TypedDict.field`.
            It is imported when it is needed.
    """

    name = "value"

    def __init__(self, place: str) -> None:
        self._place = place

    @functools.cached_property
    def values(self) -> tuple[str, ...]:
        """All that are known, in the SDK's order."""
        module, name, *field = self._place.split(".")
        found = getattr(import_module(f"realtimekit.resources.{module}"), name)
        return tuple(dict.fromkeys(_literals(get_type_hints(found)[field[0]] if field else found)))

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        return "|".join(self.values)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        by_case = {known.casefold(): known for known in self.values}
        if (known := by_case.get(value.casefold())) is not None:
            return known
        if len(value) > len(AS_IT_IS) and value.startswith(AS_IT_IS):
            return value.removeprefix(AS_IT_IS)
        near = difflib.get_close_matches(value.casefold(), by_case, 1)
        hint = f"; did you mean {by_case[near[0]]}?" if near else ""
        known_ones = ", ".join(self.values)
        text = f"{value!r} is none of {known_ones}{hint} ({AS_IT_IS}{value} sends it as it is)"
        raise click.BadParameter(text, ctx, param)

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002 - as above
        incomplete: str,
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - while a shell completes, alone

        start = incomplete.casefold()
        return [CompletionItem(known) for known in self.values if known.casefold().startswith(start)]


def _literals(hint: Any) -> Iterator[str]:
    """The values of all `Literal`s within a type."""
    if get_origin(hint) is Literal:
        yield from get_args(hint)
    else:
        for part in get_args(hint):
            yield from _literals(part)
