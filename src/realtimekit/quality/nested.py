"""Fields of a peer report whose value is empty, not None, where the server sent nothing."""

from __future__ import annotations

from typing import Any, get_origin

from realtimekit.record import Converter, Field, Record, converter_for, resolve_annotation


class NestedField(Field):
    """A nested record or list; empty if it is missing, null, or the wrong kind of empty (`{}` for `[]`).

    Nulls in a list are skipped. So `report.quality.audio_producer_cumulative.rtt.avg` needs no checks for None.
    """

    optional: bool
    convert: Converter | None = None
    _empty: Any

    def __get__(self, record: Record | None, owner: type) -> Any:
        if record is None:
            return self
        if self.convert is None:
            hint = resolve_annotation(self.owner, self.name)
            self._empty = get_origin(hint) or hint
            self.optional, self.convert = converter_for(hint)
        if not any(record._data.get(name) for name in self.wire_names):
            value = record.__dict__[self.name] = [] if self._empty is list else self._empty({})
            return value
        return super().__get__(record, owner)


def nested(*names: str) -> Any:
    """Declare a nested record or list that is never None; names as for `field`."""
    return NestedField(*names)
