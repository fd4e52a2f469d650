"""The headers of a delivery, from whatever a web framework calls headers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias, cast

from realtimekit.webhooks.errors import InvalidSignatureError

Headers: TypeAlias = Mapping[str, Any] | Mapping[bytes, Any] | Iterable[tuple[str | bytes, str | bytes]]
"""Any mapping or pairs; names in any case; names and values as text or bytes; a value may be a list of one."""

FAMILIES = ("rtk", "dyte")  # the name now, and the one before the takeover of Dyte


class Delivery(NamedTuple):
    """What the headers say; None where they do not. Nothing of it is signed but what the signature is of."""

    signature: str | None
    delivery_id: str | None
    webhook_id: str | None


def read(headers: Headers) -> Delivery:
    """The three headers, of either family.

    Raises:
        TypeError: these are no headers.
        InvalidSignatureError: one of them is there twice, with different values.
    """
    found: dict[str, str] = {}
    for name, value in _pairs(headers):
        key = _text(name).lower()
        if key.startswith(("rtk-", "dyte-")):
            for item in value if isinstance(value, list | tuple) else [value]:
                text = _text(item)
                if text and found.setdefault(key, text) != text:
                    raise InvalidSignatureError(f"the header {key} is there twice, with different values")
    return Delivery(*(_first(found, name) for name in ("signature", "uuid", "webhook-id")))


def _first(found: Mapping[str, str], name: str) -> str | None:
    return next((value for family in FAMILIES if (value := found.get(f"{family}-{name}"))), None)


def _pairs(headers: Any) -> list[tuple[Any, Any]]:
    if not isinstance(headers, str | bytes):
        # A mapping that has it (Werkzeug, Starlette, Django) gives repeated headers one by one.
        items = getattr(headers, "multi_items", None) or getattr(headers, "items", None)
        try:
            return [(name, value) for name, value in cast("Any", items() if callable(items) else headers)]
        except (TypeError, ValueError):
            pass
    raise TypeError(f"headers must be a mapping or pairs of name and value, not {type(headers).__name__}")


def _text(value: Any) -> str:
    # HTTP's own reading of a header; a character that is none of a header's never fits a signature.
    return value.decode("latin-1") if isinstance(value, bytes | bytearray) else str(value)
