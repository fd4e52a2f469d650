"""Prices: what a minute costs, with the source and the date of each price. They are in one file, `prices.toml`."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

DEFAULT_FILE = Path(__file__).with_name("prices.toml")


class Price(NamedTuple):
    """A price.

    Attributes:
        per_minute: in the currency of the prices.
        source: where it is published.
        date: when it was read there.
    """

    per_minute: float
    source: str
    date: date


class Prices(NamedTuple):
    """What a minute costs.

    Attributes:
        currency: of the prices, "USD".
        prices: by what is charged: "participant_group_call", "recording", ...
    """

    currency: str
    prices: Mapping[str, Price]

    def cost(self, item: str, minutes: float) -> float | None:
        """Return what these minutes cost; None if there is no price."""
        price = self.prices.get(item)
        return None if price is None else minutes * price.per_minute


def read_prices(file: str | os.PathLike[str] | None = None) -> Prices:
    """Return the prices in a file; docs/costs.md describes it.

    Args:
        file: None for the published prices, which are part of this package.

    Raises:
        ValueError: it is not a file of prices; the message says what is wrong.
        OSError: it cannot be read.
    """
    path = DEFAULT_FILE if file is None else Path(file)
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
        return Prices(_string(raw, "currency", "the file"), _prices(raw))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a file of prices: it is not TOML: {error}") from None
    except ValueError as error:
        raise ValueError(f"{path} is not a file of prices: {error}") from None


def _prices(raw: Mapping[str, Any]) -> dict[str, Price]:
    if unknown := sorted(raw.keys() - {"currency", "source"}):
        raise ValueError(f"it has {unknown[0]!r}, and may have currency and [[source]] only")
    sources = raw.get("source")
    if not isinstance(sources, list) or not all(isinstance(source, dict) for source in sources):
        raise ValueError("it has no [[source]]: docs/costs.md has an example")
    prices: dict[str, Price] = {}
    for source in sources:
        url, read = _string(source, "url", "a [[source]]"), source.get("date")
        if not isinstance(read, date) or isinstance(read, datetime):
            raise ValueError(f"the source {url!r} needs a date such as 2026-11-29")  # noqa: TRY004 - of a file
        per_minute = source.get("per_minute")
        if not isinstance(per_minute, dict):
            raise ValueError(f"the source {url!r} has no [source.per_minute]")  # noqa: TRY004 - as above
        for item, price in per_minute.items():
            if isinstance(price, bool) or not isinstance(price, int | float) or not math.isfinite(price) or price < 0:
                raise ValueError(f"{item} must be a number, 0 or more, not {price!r}")
            if item in prices:
                raise ValueError(f"{item} has two prices: remove one")
            prices[item] = Price(float(price), url, read)
    return prices


def _string(table: Mapping[str, Any], name: str, where: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{where} has no {name}")
    return value
