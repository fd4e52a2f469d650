"""Tombstones: who was erased, without saying who. They keep later copies from bringing the person back.

A tombstone is the HMAC of an id under the key of the archive, so whoever has only the archive's listing cannot tell
whose it is, and whoever knows an id and the key can.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable

from realtimekit.archive import layout
from realtimekit.archive.ledger import Ledger
from realtimekit.archive.store import Store

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Tombstones:
    """The erased people of one archive, as of the last refresh. Thread-safe."""

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store, self._ledger = store, ledger
        self._key: bytes | None = None
        self._read: frozenset[str] | None = None  # none before the first use
        self._announced: bytes | None = None

    @property
    def _digests(self) -> frozenset[str]:
        if self._read is None:
            self.refresh()
        return self._read or frozenset()

    def __bool__(self) -> bool:
        return bool(self._digests)

    def refresh(self) -> None:
        """Read them again, if an erasure has added some since."""
        announced = self._store.read(layout.ERASURE)
        if self._read is not None and announced == self._announced:
            return
        self._announced = announced
        if announced is None:
            self._read = frozenset()
            return
        prefix = f"{layout.ERASED}/"
        found = frozenset(entry.path.removeprefix(prefix) for entry in self._store.entries(layout.ERASED))
        self._read = found | (self._read or frozenset())

    def add(self, ids: Iterable[str]) -> None:
        """Add the ids of a person: of the participant, of their stays, and your own."""
        for one in ids:
            digest = self._digest(one)
            if digest not in self._digests:
                self._store.create(f"{layout.ERASED}/{digest}", b"")
                self._read = self._digests | {digest}

    def announce(self) -> None:
        """Make what was added known to the copies that start from now on."""
        self._store.put(layout.ERASURE, secrets.token_hex(8).encode())
        self.refresh()

    def cover(self, *ids: object) -> bool:
        """Whether one of these ids is of a person who was erased."""
        if not self._digests:
            return False
        return any(self._digest(one) in self._digests for one in ids if isinstance(one, str) and one)

    def cover_part_of(self, name: str) -> bool:
        """Whether the name of a file, such as that of one person's track, holds the id of a person who was erased."""
        return bool(self._digests) and self.cover(*ids_in(name))

    def pseudonym(self, one: str) -> str:
        """Return what stands in place of an id, or of a name that holds one: always the same for the same."""
        return f"erased-{self._digest(one)[:16]}"

    def _digest(self, one: str) -> str:
        if self._key is None:
            self._key = bytes.fromhex(str((self._ledger.identity() or {}).get("erasure_key", "")))
        return hmac.new(self._key, one.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def ids_in(name: str) -> set[str]:
    """Return what may be an id in the name of a file: UUIDs, and other parts of it with a digit."""
    parts = (part for part in re.split(r"[_.]", name) if any(character.isdigit() for character in part))
    return {*_UUID.findall(name), *parts}
