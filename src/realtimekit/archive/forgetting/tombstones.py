"""Tombstones: who was erased, without saying who. They keep later copies from bringing the person back.

A tombstone is the HMAC of an id under the key of the archive, so whoever has only the archive's listing cannot tell
whose it is, and whoever knows an id and the key can.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from realtimekit.archive import layout

if TYPE_CHECKING:
    from collections.abc import Iterable

    from realtimekit.archive.ledger import Ledger
    from realtimekit.archive.store import Store


class Tombstones:
    """The erased people of one archive, as of when this was made."""

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store = store
        self._key = bytes.fromhex(str((ledger.identity() or {}).get("erasure_key", "")))
        prefix = f"{layout.ERASED}/"
        self._digests = {entry.path.removeprefix(prefix) for entry in store.entries(layout.ERASED)}

    def __bool__(self) -> bool:
        return bool(self._digests)

    def add(self, ids: Iterable[str]) -> None:
        """Add the ids of a person: of the participant, of their stays, and your own."""
        for one in ids:
            digest = self._digest(one)
            self._store.create(f"{layout.ERASED}/{digest}", b"")
            self._digests.add(digest)

    def cover(self, *ids: object) -> bool:
        """Whether one of these ids is of a person who was erased."""
        if not self._digests:
            return False
        return any(self._digest(one) in self._digests for one in ids if isinstance(one, str) and one)

    def cover_part_of(self, name: str) -> bool:
        """Whether the name of a file, such as that of one person's track, holds the id of a person who was erased."""
        return bool(self._digests) and self.cover(
            name, *re.findall(r"[0-9a-fA-F-]{36}", name), *re.split(r"[_.]", name)
        )

    def _digest(self, one: str) -> str:
        return hmac.new(self._key, one.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
