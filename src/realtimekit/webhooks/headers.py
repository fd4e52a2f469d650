"""The headers of a delivery, in whatever form a web framework passes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias, cast

from realtimekit.webhooks.errors import InvalidSignatureError

Headers: TypeAlias = Mapping[str, Any] | Mapping[bytes, Any] | Iterable[tuple[str | bytes, str | bytes]]
"""A mapping or pairs. Names may be in any case; names and values are str or bytes; a value may be a list of one."""

PREFIXES = ("rtk", "dyte")  # dyte: the platform's name before Cloudflare acquired it


class DeliveryHeaders(NamedTuple):
    """The headers of a delivery; None for those that are missing. The signature does not cover any of them."""

    signature: str | None
    delivery_id: str | None
    webhook_id: str | None


def parse_headers(headers: Headers) -> DeliveryHeaders:
    """Return the three headers, with either prefix.

    Raises:
        TypeError: `headers` is neither a mapping nor pairs.
        InvalidSignatureError: one of the headers appears twice, with different values.
    """
    found: dict[str, str] = {}
    for raw_name, raw_value in _pairs(headers):
        name = _decode(raw_name).lower()
        if name.startswith(("rtk-", "dyte-")):
            for item in raw_value if isinstance(raw_value, list | tuple) else [raw_value]:
                value = _decode(item)
                if value and found.setdefault(name, value) != value:
                    raise InvalidSignatureError(f"the header {name} appears twice, with different values")
    return DeliveryHeaders(*(_get(found, name) for name in ("signature", "uuid", "webhook-id")))


def _get(found: Mapping[str, str], name: str) -> str | None:
    return next((value for prefix in PREFIXES if (value := found.get(f"{prefix}-{name}"))), None)


def _pairs(headers: Any) -> list[tuple[Any, Any]]:
    if not isinstance(headers, str | bytes):
        # Mappings of Werkzeug, Starlette and Django: `multi_items` or `items` yields repeated headers one by one.
        items = getattr(headers, "multi_items", None) or getattr(headers, "items", None)
        try:
            return [(name, value) for name, value in cast("Any", items() if callable(items) else headers)]
        except (TypeError, ValueError):
            pass
    raise TypeError(f"headers must be a mapping or pairs of name and value, not {type(headers).__name__}")


def _decode(value: Any) -> str:
    # HTTP headers are Latin-1; a value with any other character cannot match a signature.
    return value.decode("latin-1") if isinstance(value, bytes | bytearray) else str(value)
