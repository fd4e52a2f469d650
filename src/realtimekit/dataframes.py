"""Columns as a DataFrame of pandas or polars. Neither is a dependency: it is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal, TypeAlias

# "time" is in UTC; "number" is a float, with NaN or null where there is none; "integer" is never missing.
Kind: TypeAlias = Literal["string", "number", "integer", "time"]


def to_pandas(columns: Mapping[str, list[Any]], kinds: Mapping[str, Kind]) -> Any:
    """Return a pandas.DataFrame.

    Args:
        columns: the values of each column, all of one length.
        kinds: the columns in their order, each with what it holds.

    Raises:
        ImportError: pandas is not installed.
    """
    pandas: Any = _import_library("pandas")

    def series(name: str, kind: Kind) -> Any:
        if kind == "time":
            return pandas.Series(pandas.to_datetime(columns[name], utc=True))
        dtype = {"string": "object", "number": "float64", "integer": "int64"}[kind]
        return pandas.Series(columns[name], dtype=dtype)

    return pandas.DataFrame({name: series(name, kind) for name, kind in kinds.items()})


def to_polars(columns: Mapping[str, list[Any]], kinds: Mapping[str, Kind]) -> Any:
    """As `to_pandas`, but a polars.DataFrame.

    Raises:
        ImportError: polars is not installed.
    """
    polars: Any = _import_library("polars")
    types = {
        "string": polars.String,
        "number": polars.Float64,
        "integer": polars.Int64,
        "time": polars.Datetime("ms", "UTC"),
    }
    # Characters that UTF-8 lacks (halves of others) would be an error in polars.
    safe = {
        name: [_whole(value) for value in columns[name]] if kind == "string" else columns[name]
        for name, kind in kinds.items()
    }
    return polars.DataFrame(safe, schema={name: types[kind] for name, kind in kinds.items()})


def _whole(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _import_library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise ImportError(f"to_{name}() needs {name}: pip install {name}", name=name) from None
