"""What a schema allows, in one form: OpenAPI 3.0 and 3.1 spell the same things differently."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.contract.document import UNRESOLVED, canonical, mapping, sequence

if TYPE_CHECKING:
    from realtimekit.contract.document import Document, Parts

LOWEST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
HIGHEST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
# Rules that are compared as they are written, without a look inside.
RULES = (
    UNRESOLVED, "format", "pattern", "multipleOf", "uniqueItems", "readOnly", "writeOnly", "not", "if", "then",
    "else", "contains", "prefixItems", "patternProperties", "propertyNames", "dependentRequired", "dependentSchemas",
    "discriminator",
)  # fmt: skip
EVERYTHING = frozenset({"array", "boolean", "integer", "number", "object", "string"})


class Shape(NamedTuple):
    """A schema. `types` is everything where it does not say."""

    types: frozenset[str]
    nullable: bool
    enum: dict[str, Any] | None  # canonical JSON -> the value
    default: tuple[Any] | None  # None where there is none: null is a default, too
    limits: dict[str, float]
    rules: dict[str, Any]
    deprecated: bool
    fields: dict[str, list[Any]]  # name -> the schemas that hold for it
    required: frozenset[str]
    items: list[Any]
    others: list[Any] | None  # the schemas of fields not named; None where there may be none
    variants: list[Any]

    @property
    def type_names(self) -> str:
        """For people: "string", "integer or string", "anything"."""
        if self.types == EVERYTHING:
            return "anything"
        numbers = {"integer"} if "number" in self.types else set()
        return " or ".join(sorted(self.types - numbers)) or "null"


def shape(document: Document, parts: Parts) -> Shape:
    """Read the schemas that hold together as one."""
    types, enum = EVERYTHING, None
    default: tuple[Any] | None = None
    limits: dict[str, float] = {}
    rules: dict[str, Any] = {}
    fields: dict[str, list[Any]] = {}
    others: list[Any] | None = []
    for part in parts:
        if (declared := _types(part)) is not None:
            types = (types & declared) or declared
        if (values := _enum(part)) is not None:
            enum = values if enum is None else ({k: v for k, v in enum.items() if k in values} or values)
        if "default" in part:
            default = (part["default"],)
        for name, limit in _limits(part).items():
            tightest = max if name in LOWEST else min
            limits[name] = tightest(limits.get(name, limit), limit)
        rules |= {name: part[name] for name in RULES if part.get(name, False) is not False}
        for name, schema in mapping(part.get("properties")).items():
            fields.setdefault(name, []).append(schema)
        rest = part.get("additionalProperties", True)
        if rest is False:
            others = None
        elif isinstance(rest, dict) and others is not None:
            others.append(rest)
    required = {name for part in parts for name in sequence(part.get("required")) if isinstance(name, str)}
    groups = [document.variants(part, rule)[0] for part in parts for rule in ("anyOf", "oneOf")]
    return Shape(
        types=types,
        nullable=any(_nullable(part) for part in parts),
        enum=enum,
        default=default,
        limits=limits,
        rules=rules,
        deprecated=any(part.get("deprecated") is True for part in parts),
        fields=fields,
        required=frozenset(required),
        items=[part["items"] for part in parts if isinstance(part.get("items"), dict)],
        others=others,
        variants=[variant for group in groups if len(group) > 1 for variant in group],
    )


def _types(part: dict[str, Any]) -> frozenset[str] | None:
    """The types of a part, without null; those that its other keywords imply, where it names none."""
    given = part.get("type")
    named = {name for name in ([given] if isinstance(given, str) else sequence(given)) if isinstance(name, str)}
    if not named:
        if "properties" in part or "additionalProperties" in part:
            named = {"object"}
        elif "items" in part:
            named = {"array"}
        elif (enum := _enum(part)) and all(isinstance(value, str) for value in enum.values()):
            named = {"string"}
    if not named:
        return None
    return frozenset(named - {"null"} | ({"integer"} if "number" in named else set()))


def _nullable(part: dict[str, Any]) -> bool:
    return (
        part.get("nullable") is True
        or part.get("type") == "null"
        or "null" in sequence(part.get("type"))
        or None in sequence(part.get("enum"))
    )


def _enum(part: dict[str, Any]) -> dict[str, Any] | None:
    if "const" in part:
        return {canonical(part["const"]): part["const"]}
    if not isinstance(part.get("enum"), list):
        return None
    return {canonical(value): value for value in part["enum"] if value is not None}


def _limits(part: dict[str, Any]) -> dict[str, float]:
    part = dict(part)
    for name in ("Minimum", "Maximum"):  # OpenAPI 3.0: a flag beside the limit
        if part.get(f"exclusive{name}") is True and name.lower() in part:
            part[f"exclusive{name}"] = part.pop(name.lower())
    return {name: part[name] for name in (*LOWEST, *HIGHEST) if _is_number(part.get(name))}


def _is_number(value: Any) -> bool:
    return isfinite(value) if isinstance(value, float) else isinstance(value, int) and not isinstance(value, bool)
