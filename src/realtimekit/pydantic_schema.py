"""Records in pydantic models and FastAPI routes. Imported only by pydantic: it is not a dependency."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from pydantic_core import CoreSchema, SchemaSerializer, core_schema, to_jsonable_python


def record_schema(cls: type[Any]) -> CoreSchema:
    """Return the schema of a record: an instance of the class, whose JSON is `dict(record)`."""
    to_json = core_schema.plain_serializer_function_ser_schema(
        _to_jsonable, return_schema=core_schema.dict_schema(core_schema.str_schema()), when_used="json"
    )
    return core_schema.is_instance_schema(cls, serialization=to_json)


def record_json_schema(cls: type[Any]) -> dict[str, Any]:
    """Return the JSON schema of a record: an object, whose fields are documented by the API and not listed here."""
    return {"title": cls.__name__, "type": "object", "additionalProperties": True}


@functools.cache
def record_serializer(cls: type[Any]) -> SchemaSerializer:
    """Return the serializer for records that pydantic meets where no type is declared, as in `dict[str, Any]`."""
    return SchemaSerializer(record_schema(cls))


def _to_jsonable(record: Mapping[str, Any]) -> Any:
    return to_jsonable_python(dict(record), fallback=_reject)


def _reject(value: object) -> None:
    fix = "; send its reveal(), or the record's to_dict()" if hasattr(value, "reveal") else ""
    raise TypeError(f"{value!r} cannot be serialized to JSON{fix}")
