"""The page of the commands and their options, from the program itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click


def commands_page() -> str:
    from realtimekit.cli.commands import realtimekit

    return "\n".join(
        [
            "# Commands and options",
            "",
            "What `--help` says of each command. [The command line](cli.md) explains how they work together.",
            "",
            *_command(realtimekit, "realtimekit", 2),
        ]
    )


def _command(command: click.Command, path: str, level: int) -> Iterator[str]:
    # With its own settings: click keeps the option --help that the first context asks for.
    context = click.Context(command, info_name=path, help_option_names=["-h", "--help"])
    pieces = " ".join(command.collect_usage_pieces(context))
    short = path.removeprefix("realtimekit ")
    yield from [f'{"#" * level} `{path}` {{ data-toc-label="{short}" }}', "", *_help(command.help or ""), ""]
    yield from ["```", f"{path} {pieces}", "```", ""]
    options = [parameter for parameter in command.get_params(context) if isinstance(parameter, click.Option)]
    if rows := [_row(option, context) for option in options if not option.hidden and "--help" not in option.opts]:
        yield from ["| option | |", "|---|---|", *rows, ""]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from _command(below, f"{path} {name}", min(level + 1, 4))


def _help(text: str) -> list[str]:
    """Return a help text as Markdown: a paragraph that click does not wrap becomes a block of code."""
    lines = []
    for paragraph in inspect.cleandoc(text).replace("\r", "").split("\n\n"):
        if paragraph.startswith("\b\n"):
            lines += ["```", *paragraph.splitlines()[1:], "```", ""]
        else:
            lines += [_escape(" ".join(paragraph.split())), ""]
    return lines[:-1]


def _row(option: click.Option, context: click.Context) -> str:
    names = ", ".join((*option.opts, *option.secondary_opts))
    metavar = "" if option.is_flag or option.count else f" {option.make_metavar(context)}"
    notes = [_escape(option.help or "")]
    extra = option.get_help_extra(context)
    if "envvars" in extra:
        notes.append("environment: " + ", ".join(f"`{name}`" for name in extra["envvars"]))
    if "default" in extra:
        notes.append(f"default: `{extra['default']}`")
    if option.required:
        notes.append("required")
    if option.multiple:
        notes.append("can be repeated")
    first = f"`{names}{metavar}`".replace("|", "\\|")
    return f"| {first} | {'; '.join(note for note in notes if note)} |"


def _escape(text: str) -> str:
    """Return text in which Markdown sees no markup."""
    return re.sub(r"([|<>*_\[\]])", r"\\\1", " ".join(text.split()))
