"""Normalizes schemas, because OpenAPI 3.0 and 3.1 write the same things differently."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.contract.document import UNRESOLVED, as_dict, as_list, canonical_json

if TYPE_CHECKING:
    from realtimekit.contract.document import Document, Subschemas

LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
# Keywords whose values are compared as a whole.
OPAQUE_KEYWORDS = (
    UNRESOLVED, "format", "pattern", "multipleOf", "uniqueItems", "readOnly", "writeOnly", "not", "if", "then",
    "else", "contains", "prefixItems", "patternProperties", "propertyNames", "dependentRequired", "dependentSchemas",
    "discriminator",
)  # fmt: skip
ALL_TYPES = frozenset({"array", "boolean", "integer", "number", "object", "string"})


class NormalizedSchema(NamedTuple):
    """What a schema allows; `types` are all types if it does not name any."""

    types: frozenset[str]
    nullable: bool
    enum: dict[str, Any] | None  # canonical JSON -> the value
    default: tuple[Any] | None  # None if there is none; null is a default as well
    bounds: dict[str, float]
    opaque: dict[str, Any]
    deprecated: bool
    fields: dict[str, list[Any]]  # name -> the schemas that apply to it
    required: frozenset[str]
    items: list[Any]
    additional: list[Any] | None  # the schemas of other fields; None if these are not allowed
    variants: list[Any]

    @property
    def type_names(self) -> str:
        """The types for people: "string", "integer or string", "anything"."""
        if self.types == ALL_TYPES:
            return "anything"
        numbers = {"integer"} if "number" in self.types else set()
        return " or ".join(sorted(self.types - numbers)) or "null"


def normalize(document: Document, subschemas: Subschemas) -> NormalizedSchema:
    """Combine the subschemas that apply together into one."""
    types, enum = ALL_TYPES, None
    default: tuple[Any] | None = None
    bounds: dict[str, float] = {}
    opaque: dict[str, Any] = {}
    fields: dict[str, list[Any]] = {}
    additional: list[Any] | None = []
    for one in subschemas:
        if (declared := _types(one)) is not None:
            types = (types & declared) or declared
        if (values := _enum(one)) is not None:
            enum = values if enum is None else ({k: v for k, v in enum.items() if k in values} or values)
        if "default" in one:
            default = (one["default"],)
        for name, bound in _bounds(one).items():
            tightest = max if name in LOWER_BOUNDS else min
            bounds[name] = tightest(bounds.get(name, bound), bound)
        opaque |= {name: one[name] for name in OPAQUE_KEYWORDS if one.get(name, False) is not False}
        for name, schema in as_dict(one.get("properties")).items():
            fields.setdefault(name, []).append(schema)
        rest = one.get("additionalProperties", True)
        if rest is False:
            additional = None
        elif isinstance(rest, dict) and additional is not None:
            additional.append(rest)
    required = {name for one in subschemas for name in as_list(one.get("required")) if isinstance(name, str)}
    groups = [document.variants(one, rule)[0] for one in subschemas for rule in ("anyOf", "oneOf")]
    return NormalizedSchema(
        types=types,
        nullable=any(_nullable(one) for one in subschemas),
        enum=enum,
        default=default,
        bounds=bounds,
        opaque=opaque,
        deprecated=any(one.get("deprecated") is True for one in subschemas),
        fields=fields,
        required=frozenset(required),
        items=[one["items"] for one in subschemas if isinstance(one.get("items"), dict)],
        additional=additional,
        variants=[variant for group in groups if len(group) > 1 for variant in group],
    )


def _types(schema: dict[str, Any]) -> frozenset[str] | None:
    """The types of a subschema, without null; those that other keywords imply if it names none."""
    given = schema.get("type")
    named = {name for name in ([given] if isinstance(given, str) else as_list(given)) if isinstance(name, str)}
    if not named:
        if "properties" in schema or "additionalProperties" in schema:
            named = {"object"}
        elif "items" in schema:
            named = {"array"}
        elif (enum := _enum(schema)) and all(isinstance(value, str) for value in enum.values()):
            named = {"string"}
    if not named:
        return None
    return frozenset(named - {"null"} | ({"integer"} if "number" in named else set()))


def _nullable(schema: dict[str, Any]) -> bool:
    return (
        schema.get("nullable") is True
        or schema.get("type") == "null"
        or "null" in as_list(schema.get("type"))
        or None in as_list(schema.get("enum"))
    )


def _enum(schema: dict[str, Any]) -> dict[str, Any] | None:
    if "const" in schema:
        return {canonical_json(schema["const"]): schema["const"]}
    if not isinstance(schema.get("enum"), list):
        return None
    return {canonical_json(value): value for value in schema["enum"] if value is not None}


def _bounds(schema: dict[str, Any]) -> dict[str, float]:
    schema = dict(schema)
    for name in ("Minimum", "Maximum"):  # OpenAPI 3.0: a flag next to the bound
        if schema.get(f"exclusive{name}") is True and name.lower() in schema:
            schema[f"exclusive{name}"] = schema.pop(name.lower())
    return {name: schema[name] for name in (*LOWER_BOUNDS, *UPPER_BOUNDS) if _is_number(schema.get(name))}


def _is_number(value: Any) -> bool:
    return isfinite(value) if isinstance(value, float) else isinstance(value, int) and not isinstance(value, bool)
