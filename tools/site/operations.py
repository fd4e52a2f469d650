"""How the reference shows classes: as a user writes them, for griffe and mkdocstrings.

An `@operation` has the result of a call, not `Flow`; its keywords stand one by one, not as `Unpack[...]`;
`Session.find` has the signature of `Sessions.find`; the fields of a record are a table; and a class has what it
inherits, except from the base classes that have a page of their own.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any

import griffe

AWAIT = "await if async"  # the label of what an async client returns a coroutine of; reference/index.md explains it
CLASS_METHOD = "class method"
OPTIONS = {f"realtimekit.kwargs.{name}" for name in ("RequestOptions", "ScopedOptions", "FileOptions")}
DOCUMENTED_BASES = {
    "realtimekit.record.Record",
    "realtimekit.record._Mapping",
    "realtimekit.collection.Collection",
    "realtimekit.relation.Relation",
    "realtimekit.resource.Resource",
}
_EXAMPLE = re.compile(r"^(Example:\n)((?:    .*|\n)+?)\n*(?=\n\S|\Z)", re.MULTILINE)
_MODES = {"F", "Sync", "Async"}
_MECHANISM = {"Generic", "ClientBound", "Runner", "_Mapping"}  # bases that say nothing to a user


class Operations(griffe.Extension):
    """The extension; `zensical.toml` names it."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Change what was read of the whole package."""
        if pkg.path == "realtimekit":
            rewrite(pkg)


def rewrite(package: griffe.Module) -> None:
    """Change every class of the package."""
    classes = list(_classes(package))
    for change in (_rewrite_members, _inherit, _complete_methods, _tabulate_fields):  # each needs the one before
        for cls in classes:
            change(cls)
    for function in _functions(package):
        _simplify(function)
        _expand_keywords(function)
    for cls in classes:
        cls.bases = list(_shown_bases(cls))


def _functions(module: griffe.Module) -> Iterator[griffe.Function]:
    for member in module.members.values():
        if isinstance(member, griffe.Function):
            yield member
        elif isinstance(member, griffe.Module):
            yield from _functions(member)


def _rewrite_members(cls: griffe.Class) -> None:
    _mark_examples(cls)
    bases = [base.left if isinstance(base, griffe.ExprSubscript) else base for base in cls.bases]
    cls.bases = [base for base in bases if str(base) not in _MECHANISM]
    for member in list(cls.members.values()):
        if not isinstance(member, griffe.Alias):
            _mark_examples(member)
        if isinstance(member, griffe.Function):
            _rewrite_function(cls, member)
        elif isinstance(member, griffe.Attribute):
            _rewrite_attribute(cls, member)


def _complete_methods(cls: griffe.Class) -> None:
    for member in list(cls.members.values()):
        if isinstance(member, griffe.Function):
            _expand_keywords(member)
        elif isinstance(member, griffe.Attribute) and (method := _delegate(cls, member)) is not None:
            cls.set_member(member.name, method)


def _classes(scope: griffe.Module | griffe.Class) -> Iterator[griffe.Class]:
    for member in scope.members.values():
        if isinstance(member, griffe.Class):
            yield member
        if isinstance(member, griffe.Class | griffe.Module):
            yield from _classes(member)


def _mark_examples(documented: griffe.Object) -> None:
    """Let the examples of a docstring be shown as code."""
    if documented.docstring is not None:
        text = inspect.cleandoc(documented.docstring.value)
        documented.docstring.value = _EXAMPLE.sub(r"\1    ```python\n\2\n    ```\n", text)


def _rewrite_function(cls: griffe.Class, function: griffe.Function) -> None:
    decorators = {str(decorator.value) for decorator in function.decorators}
    if decorators & {"operation", "fluent"}:
        itself = griffe.ExprName(cls.name, parent=cls)
        function.returns = itself if "fluent" in decorators else _of_flow(function.returns)
        function.labels.add(AWAIT)
    elif "related_record" in decorators:
        attribute = griffe.Attribute(
            function.name,
            annotation=_of_flow(function.returns),
            docstring=function.docstring,
            lineno=function.lineno,
            endlineno=function.endlineno,
        )
        attribute.labels.add(AWAIT)
        cls.set_member(function.name, attribute)
    elif (sync := _sync_overload(function)) is not None:
        for parameter, first, second in zip(
            function.parameters, *(o.parameters for o in function.overloads or ()), strict=True
        ):
            if str(parameter.annotation) == "Any":
                parameter.annotation = griffe.ExprBinOp(first.annotation, "|", second.annotation)
        function.returns, function.overloads = sync.returns, None
        function.labels.add(AWAIT)
    _simplify(function)


def _simplify(function: griffe.Function) -> None:
    function.returns = plain(function.returns)
    for parameter in function.parameters:
        parameter.annotation = plain(parameter.annotation)


def _sync_overload(function: griffe.Function) -> griffe.Function | None:
    """Return the overload for sync objects or clients, if the overloads differ in that alone."""
    overloads = function.overloads or []
    if len(overloads) != 2:
        return None
    modes = {str(overload.parameters[0].annotation).rpartition("[")[2] for overload in overloads}
    awaited = str(overloads[1].returns) == f"Coroutine[Any, Any, {overloads[0].returns}]"
    return overloads[0] if modes == {"Sync]", "Async]"} or awaited else None


def _rewrite_attribute(cls: griffe.Class, attribute: griffe.Attribute) -> None:
    annotation = attribute.annotation
    if isinstance(annotation, griffe.ExprSubscript) and str(annotation.left) == "HasOne":
        assert isinstance(annotation.slice, griffe.ExprTuple)
        annotation = annotation.slice.elements[0]
        attribute.labels.add(AWAIT)
        if attribute.docstring is None:
            when = "Each read loads it" if "cached=False" in str(attribute.value) else "The first read loads it"
            attribute.docstring = griffe.Docstring(f"{when}: `{cls.name.lower()}.{attribute.name}`.", parent=attribute)
    elif str(attribute.value) == "has_many()" and attribute.docstring is None:
        attribute.docstring = griffe.Docstring("A list. Reading the attribute sends nothing.", parent=attribute)
    attribute.annotation = plain(annotation)
    if str(attribute.value).split("(")[0] in {"has_one", "has_many", "collection", "field"}:
        attribute.value = None


def _delegate(cls: griffe.Class, attribute: griffe.Attribute) -> griffe.Function | None:
    """Return the method that `on_default_client(Sessions[Sync].find)` makes: that of the collection, on the class."""
    call = attribute.value
    if not isinstance(call, griffe.ExprCall) or not str(call.function).endswith("on_default_client"):
        return None
    target = call.arguments[0]
    assert isinstance(target, griffe.ExprAttribute), target
    collection, name = target.values[0], str(target.values[-1])
    assert isinstance(collection, griffe.ExprSubscript), collection
    assert isinstance(collection.left, griffe.ExprName), collection
    source = cls.modules_collection[collection.left.canonical_path]
    original = source.members.get(name)
    assert isinstance(original, griffe.Function), f"{source.path}.{name}"
    method: griffe.Function = _copy(original)
    method.name, method.lineno, method.endlineno = attribute.name, attribute.lineno, attribute.endlineno
    method.labels = {CLASS_METHOD}
    first = original.docstring.value.partition("\n\n")[0] if original.docstring else ""
    if attribute.name == "all":
        first = "Return a list of every record that matches these filters."
        method.returns = griffe.ExprSubscript(griffe.ExprName("list"), griffe.ExprName(cls.name, parent=cls))
    more = f"The default client's [`{source.name}.{name}`][{source.path}.{name}], which describes the keywords."
    method.docstring = griffe.Docstring(f"{first}\n\n{more}", parent=method)
    _expand_keywords(method, describe=False)
    return method


def _inherit(cls: griffe.Class) -> None:
    """Give the class the members of its bases that have no page. Of a `TypedDict`, `_fields` knows them."""
    if _is_typed_dict(cls):
        return
    for base in _bases(cls):
        if base.path in DOCUMENTED_BASES | OPTIONS:
            continue
        _inherit(base)
        for name, member in base.members.items():
            if name not in cls.members and isinstance(member, griffe.Attribute | griffe.Function):
                cls.set_member(name, _copy(member))


def _is_typed_dict(cls: griffe.Class) -> bool:
    return any(str(base) == "TypedDict" for base in cls.bases) or any(map(_is_typed_dict, _bases(cls)))


def _bases(cls: griffe.Class) -> Iterator[griffe.Class]:
    for base in cls.bases:
        if isinstance(base, griffe.Expr) and base.canonical_path.startswith("realtimekit."):
            found = cls.modules_collection[base.canonical_path]
            if isinstance(found, griffe.Alias):
                found = found.final_target
            if isinstance(found, griffe.Class):
                yield found


def _shown_bases(cls: griffe.Class) -> Iterator[Any]:
    """Yield the bases of a class; for one that is internal, and has no page, its own."""
    for base in cls.bases:
        name = str(base).rpartition(".")[2]
        if name != "BaseClient" and (name.startswith(("_", "Base")) or name == "SessionRecord"):
            internal = next((found for found in _bases(cls) if found.name == name), None)
            yield from _shown_bases(internal) if internal is not None else ()
        else:
            yield base


def _copy(member: Any) -> Any:
    own = copy.copy(member)
    own.labels = set(member.labels)
    if isinstance(member, griffe.Function):
        own.parameters = griffe.Parameters(*member.parameters)
    if member.docstring is not None:
        own.docstring = griffe.Docstring(
            member.docstring.value, parent=own, parser=member.docstring.parser, lineno=member.docstring.lineno
        )
    return own


def _expand_keywords(function: griffe.Function, *, describe: bool = True) -> None:
    """Name the keywords of `**fields: Unpack[Fields]` one by one; those of every call stay together."""
    declared = next((p for p in function.parameters if str(p.annotation).startswith("Unpack[")), None)
    if declared is None or not isinstance(declared.annotation, griffe.ExprSubscript):
        return
    typed_dict = declared.annotation.slice
    assert isinstance(typed_dict, griffe.Expr)
    if typed_dict.canonical_path in OPTIONS:
        return
    if function.docstring is None:
        function.docstring = griffe.Docstring("", parent=function)
    sections = function.docstring.parsed  # while the signature is the one that it describes
    fields, options = _fields(function.modules_collection[typed_dict.canonical_path])
    keywords = [
        griffe.Parameter(
            field.name,
            annotation=field.annotation,
            kind=griffe.ParameterKind.keyword_only,
            default=None if "required" in field.labels else "...",
        )
        for field in sorted(fields, key=lambda field: "required" not in field.labels)
    ]
    others = [parameter for parameter in function.parameters if parameter is not declared]
    rest = []
    if options is not None:
        named = griffe.ExprSubscript(declared.annotation.left, griffe.ExprName(options.name, parent=options.parent))
        rest = [griffe.Parameter("options", annotation=named, kind=griffe.ParameterKind.var_keyword)]
    function.parameters = griffe.Parameters(*others, *keywords, *rest)
    if not describe:
        return
    table = next((s for s in sections if isinstance(s, griffe.DocstringSectionParameters)), None)
    if table is None:
        table = griffe.DocstringSectionParameters([])
        sections.insert(1, table)
    if not rest:  # each keyword has a row of its own
        table.value = [row for row in table.value if row.name.lstrip("*") != declared.name]
    table.value += [
        griffe.DocstringParameter(
            field.name,
            annotation=field.annotation,
            description=_description(field),
            value=None if "required" in field.labels else "...",
        )
        for field in fields
    ]


def _fields(typed_dict: Any) -> tuple[list[griffe.Attribute], griffe.Class | None]:
    """Return the fields of a `TypedDict` and its bases, and the base with the options of every call."""
    if typed_dict.path in OPTIONS:
        return [], typed_dict
    found = {
        name: field for name, field in typed_dict.members.items() if getattr(field, "annotation", None) is not None
    }
    if str(typed_dict.keywords.get("total")) != "False":
        for field in found.values():
            field.labels.add("required")
    options: griffe.Class | None = None
    for base in _bases(typed_dict):
        inherited, those = _fields(base)
        for field in inherited:
            found.setdefault(field.name, field)
        if those is not None and (options is None or options.name == "RequestOptions"):
            options = those
    return list(found.values()), options


def _tabulate_fields(cls: griffe.Class) -> None:
    """Move the fields of a record, a named tuple or a typed dict into a table in the docstring of the class."""
    members = {field.name: field for field in _fields(cls)[0]} if _is_typed_dict(cls) else cls.members
    fields = [
        member
        for name, member in members.items()
        if isinstance(member, griffe.Attribute)
        and member.annotation is not None
        and not name.startswith("_")
        and not member.labels & {AWAIT, "property"}
        and not str(member.annotation).startswith("ClassVar")
        and member.value is None
        and (member.docstring is None or "\n" not in member.docstring.value)
    ]
    if not fields:
        return
    fields.sort(key=lambda field: field.name != "id")
    if cls.docstring is None:
        cls.docstring = griffe.Docstring("", parent=cls)
    rows = [
        griffe.DocstringAttribute(field.name, annotation=field.annotation, description=_description(field))
        for field in fields
    ]
    cls.docstring.parsed.append(griffe.DocstringSectionAttributes(rows))
    for field in fields:
        field.docstring = None  # it stands in the table


def _description(field: griffe.Attribute) -> str:
    """Return the docstring of a field, or the comment at the end of its line."""
    if field.docstring is not None:
        return field.docstring.value
    if field.lineno is None or isinstance(field.filepath, list):
        return ""
    try:
        line = field.lines_collection[field.filepath][field.lineno - 1]
    except (KeyError, IndexError):
        return ""
    comment = re.search(r"(?<=  # )(?!noqa|type:|pyright:).*$", line)
    return comment[0] if comment else ""


def plain(expression: Any) -> Any:
    """Return an annotation without the mode of the client: `Session[F]` is `Session`."""
    if isinstance(expression, list | tuple):
        return type(expression)(plain(part) for part in expression)
    if not isinstance(expression, griffe.Expr) or isinstance(expression, griffe.ExprName | griffe.ExprAttribute):
        return expression
    if isinstance(expression, griffe.ExprSubscript) and str(expression.slice) in _MODES:
        return plain(expression.left)
    changes = {
        field.name: plain(getattr(expression, field.name)) for field in dataclasses.fields(expression) if field.init
    }
    return dataclasses.replace(expression, **changes)


def _of_flow(returns: Any) -> Any:
    """Return what a flow returns: `Flow[Session[F]]` is `Session`."""
    assert isinstance(returns, griffe.ExprSubscript), returns
    assert str(returns.left) == "Flow", returns
    return plain(returns.slice)
