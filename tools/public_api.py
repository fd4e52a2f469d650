"""The public surface of the package as text, one name a line: `make api` writes it, and a test compares it.

What counts is what the modules below export, every class of the package that their signatures mention, and the
commands with their options. A line that disappears or changes is a break, and belongs in the changelog; a line that is
new is a promise.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import griffe

ROOT = Path(__file__).parents[1]
RECORDED = ROOT / "tests" / "public_api.txt"

MODULES = (
    "realtimekit",
    "realtimekit.archive",
    "realtimekit.console",
    "realtimekit.contract",
    "realtimekit.costs",
    "realtimekit.doctor",
    "realtimekit.emulator",
    "realtimekit.interfaces",
    "realtimekit.limits",
    "realtimekit.live",
    "realtimekit.mcp_server",
    "realtimekit.metrics",
    "realtimekit.report",
    "realtimekit.testing",
    "realtimekit.transports.emulator",
    "realtimekit.webhooks",
    "realtimekit.webhooks.adapters.asgi",
    "realtimekit.webhooks.adapters.django",
    "realtimekit.webhooks.adapters.flask",
    "realtimekit.webhooks.adapters.starlette",
    "realtimekit.webhooks.adapters.wsgi",
)

_PUBLIC_DUNDERS = {"__init__", "__call__", "__iter__", "__aiter__", "__enter__", "__aenter__", "__getitem__", "__len__"}


class Surface:
    """The public names of `MODULES`, and the classes that their annotations lead to."""

    def __init__(self) -> None:
        package = griffe.load("realtimekit", search_paths=[str(ROOT / "src")])
        assert isinstance(package, griffe.Module)
        self.package = package
        self.waiting: list[str] = []
        self.exported: set[str] = set()
        self.done: set[str] = set()

    def lines(self) -> Iterator[str]:
        for name in MODULES:
            module = self._module(name)
            yield f"module {name}"
            exports = [str(export) for export in module.exports or ()]
            for export in sorted(exports or (own for own in module.members if self._defined_here(module, own))):
                home = module[export].canonical_path
                yield f"    {export}" + ("" if home == f"{name}.{export}" else f" = {home}")
                self.exported.add(home)
        described: dict[str, list[str]] = {}
        self.waiting += self.exported
        while self.waiting:
            path = self.waiting.pop()
            if path not in self.done and self._counts(path):
                self.done.add(path)
                target = self._find(path)
                if target is not None and target.canonical_path not in described:
                    described[target.canonical_path] = list(self._describe(target))
        for path in sorted(described):
            yield from described[path]

    def _counts(self, path: str) -> bool:
        """Whether a name that an annotation mentions is public. Of the emulator, only what it exports is."""
        if path.startswith("realtimekit.emulator."):
            return path in self.exported
        return path.startswith("realtimekit.")

    def _module(self, name: str) -> griffe.Module:
        module = self.package if name == "realtimekit" else self.package[name.removeprefix("realtimekit.")]
        assert isinstance(module, griffe.Module), name
        return module

    @staticmethod
    def _defined_here(module: griffe.Module, name: str) -> bool:
        return not name.startswith("_") and isinstance(module.members[name], griffe.Class | griffe.Function)

    def _find(self, path: str) -> griffe.Object | None:
        try:
            found = self.package[path.removeprefix("realtimekit.")]
        except KeyError:
            return None
        if isinstance(found, griffe.Alias):
            found = found.final_target
        if isinstance(found, griffe.Attribute | griffe.Function) and not isinstance(found.parent, griffe.Module):
            return None  # it is described with its class
        return None if isinstance(found, griffe.Module) else found

    def _describe(self, target: griffe.Object) -> Iterator[str]:
        path = target.canonical_path
        if isinstance(target, griffe.Class):
            bases = ", ".join(self._text(base) for base in target.bases)
            yield f"class {path}({bases})" if bases else f"class {path}"
            for name, member in sorted(target.members.items()):
                if (not name.startswith("_") or name in _PUBLIC_DUNDERS) and not isinstance(member, griffe.Alias):
                    yield f"    {self._member(member)}"
        else:
            yield self._member(target, path)

    def _member(self, member: griffe.Object, path: str | None = None) -> str:
        name = path or member.name
        if isinstance(member, griffe.Function):
            overloaded = member.overloads or []
            for function in (member, *overloaded):
                for expression in (function.returns, *(parameter.annotation for parameter in function.parameters)):
                    self._text(expression)
            signature = member.signature(name=name)
            marks = [f"@{self._text(decorator.value)} " for decorator in member.decorators]
            overloads = [f" | {overload.signature(name=name)}" for overload in overloaded]
            return "".join(marks) + f"def {signature}" + "".join(overloads)
        if isinstance(member, griffe.Attribute):
            if member.annotation is not None:
                return f"{name}: {self._text(member.annotation)}"
            return f"{name} = {self._text(member.value)}"
        if isinstance(member, griffe.TypeAlias):
            return f"type {name} = {self._text(member.value)}"
        return f"class {name}"

    def _text(self, expression: griffe.Expr | str | None) -> str:
        """The expression's text; the package's names in it are described, too."""
        if isinstance(expression, griffe.Expr):
            names = (part for part in expression.iterate(flat=True) if isinstance(part, griffe.ExprName))
            self.waiting += [name.canonical_path for name in names]
        return str(expression)


def commands(command: click.Command, path: str) -> Iterator[str]:
    """The command, its arguments and options, and those of the commands below it."""
    context = click.Context(command, info_name=path, help_option_names=["-h", "--help"])
    yield " ".join([path, *(_parameter(parameter) for parameter in command.get_params(context))])
    if isinstance(command, click.Group):
        for name in sorted(command.list_commands(context)):
            if (below := command.get_command(context, name)) is not None:
                yield from commands(below, f"{path} {name}")


def _parameter(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return parameter.make_metavar(click.Context(click.Command("")))
    return f"[{'|'.join((*parameter.opts, *parameter.secondary_opts))}]"


def text() -> str:
    from realtimekit.cli.commands import realtimekit

    return "\n".join([*Surface().lines(), *commands(realtimekit, "realtimekit"), ""])


def difference() -> str:
    """What has changed since `make api`, as a unified diff; empty if nothing has."""
    recorded = RECORDED.read_text(encoding="utf-8").splitlines()
    return "\n".join(difflib.unified_diff(recorded, text().splitlines(), "recorded", "now", n=1, lineterm=""))


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(difference() or None)
    RECORDED.write_text(text(), encoding="utf-8")
