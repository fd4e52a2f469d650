"""Options whose values are an enum of the API: listed, completed and checked, but open for values that are newer.

The values are read from the SDK's own `Literal` types, so there is no second list of them.
"""

from __future__ import annotations

import difflib
import functools
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from click.shell_completion import CompletionItem

    _ParamType = click.ParamType[str]
    _Choice = click.Choice[str]
else:  # generic only in newer versions of click
    _ParamType = click.ParamType
    _Choice = click.Choice

RAW_PREFIX = "raw:"


def suggest(value: str, known: Iterable[str]) -> str:
    """Return the end of an error message, with the most similar known value; "" if none is similar."""
    by_case = {member.casefold(): member for member in known}
    close = difflib.get_close_matches(value.casefold(), by_case, 1)
    return f"; did you mean {by_case[close[0]]}?" if close else ""


class Choice(_Choice):
    """A case-insensitive `click.Choice` whose error suggests the most similar value."""

    def __init__(self, choices: Iterable[str]) -> None:
        super().__init__(tuple(choices), case_sensitive=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            hint = suggest(str(value), map(str, self.choices))
            raise click.BadParameter(error.message.removesuffix(".") + hint, ctx, param) from None


class OpenEnum(_ParamType):
    """One of the known values in upper or lower case, or `raw:` and any other value, which is sent unchanged.

    The prefix is required because a server may ignore a filter that it does not understand, and because nobody should
    wait ten minutes for a misspelled status.

    Args:
        source: where the SDK declares the type, below `realtimekit.resources`: `module.Alias` or
            `module.TypedDict.field`. It is imported when it is needed.
    """

    name = "value"

    def __init__(self, source: str) -> None:
        self._source = source

    @functools.cached_property
    def values(self) -> tuple[str, ...]:
        """All known values, in the SDK's order."""
        module, name, *field = self._source.split(".")
        declared = getattr(import_module(f"realtimekit.resources.{module}"), name)
        return tuple(dict.fromkeys(_literals(get_type_hints(declared)[field[0]] if field else declared)))

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "|".join(self.values)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        by_case = {member.casefold(): member for member in self.values}
        if (member := by_case.get(value.casefold())) is not None:
            return member
        if len(value) > len(RAW_PREFIX) and value.startswith(RAW_PREFIX):
            return value.removeprefix(RAW_PREFIX)
        suggestion = suggest(value, self.values)
        members = ", ".join(self.values)
        text = f"{value!r} is not one of {members}{suggestion} ({RAW_PREFIX}{value} sends it unchanged)"
        raise click.BadParameter(text, ctx, param)

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,
        incomplete: str,
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem  # only while a shell completes

        start = incomplete.casefold()
        return [CompletionItem(member) for member in self.values if member.casefold().startswith(start)]


def _literals(hint: Any) -> Iterator[str]:
    """Yield the values of all `Literal`s within a type."""
    if get_origin(hint) is Literal:
        yield from get_args(hint)
    else:
        for part in get_args(hint):
            yield from _literals(part)
