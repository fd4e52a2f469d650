"""`tables/current.json`: which Parquet files make up the tables right now. Its reader has one snapshot of all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple, Self

from realtimekit.archive import layout
from realtimekit.archive.errors import ArchiveDamagedError, ArchiveError
from realtimekit.archive.ledger import Ledger
from realtimekit.archive.sealed import seal, unseal
from realtimekit.archive.store import Store
from realtimekit.archive.tables.schema import VERSION


class Part(NamedTuple):
    """One Parquet file.

    Attributes:
        file: its path in the archive.
        rows: how many rows it has.
        bytes: its size.
        sha256: of its content.
    """

    file: str
    rows: int
    bytes: int
    sha256: str


class Snapshot(NamedTuple):
    """The files of all tables.

    Attributes:
        schema: the version of the tables' schema.
        parts: table -> day -> files.
        retired: files of earlier snapshots, which readers may still use, and when they were replaced.
        revision: 1, and one more each time.
        purges: how often files that no snapshot lists were deleted at once, because something in them was erased.
    """

    schema: int = VERSION
    parts: dict[str, dict[str, list[Part]]] = {}  # noqa: RUF012 - a default of a tuple; nobody changes it
    retired: dict[str, str] = {}  # noqa: RUF012 - as above
    revision: int = 0
    purges: int = 0

    def files(self, table: str, days: Iterable[str] | None = None) -> list[str]:
        """Return the files of a table, by day.

        Args:
            table: its name.
            days: only these.
        """
        wanted = None if days is None else set(days)
        by_day = self.parts.get(table, {})
        return [part.file for day in sorted(by_day) if wanted is None or day in wanted for part in by_day[day]]

    def days(self) -> list[str]:
        """Return the days that have sessions."""
        return sorted(self.parts.get("sessions", {}))

    def encode(self) -> bytes:
        return seal(self._asdict())

    @classmethod
    def decode(cls, content: bytes | None) -> Self:
        """Read a snapshot.

        Raises:
            ArchiveDamagedError: it is not a snapshot.
            ArchiveError: it is of a newer schema.
        """
        if content is None:
            return cls()
        try:
            raw: dict[str, Any] = json.loads(content)
            raw = unseal(content, layout.SNAPSHOT) if "checksum" in raw else raw
            schema = int(raw["schema"])
            parts = {
                table: {day: [Part(*part) for part in parts] for day, parts in by_day.items()}
                for table, by_day in raw["parts"].items()
            }
            snapshot = cls(schema, parts, dict(raw["retired"]), int(raw["revision"]), int(raw.get("purges", 0)))
        except (ValueError, KeyError, TypeError, AttributeError, ArchiveError):
            raise ArchiveDamagedError(
                f"{layout.SNAPSHOT} cannot be read: `realtimekit archive rebuild` rebuilds it"
            ) from None
        if schema > VERSION:
            raise ArchiveError(
                f"the tables have schema {schema}, and this release knows {VERSION}: upgrade realtimekit"
            )
        return snapshot


def read_snapshot(store: Store) -> Snapshot:
    """Return the current snapshot; an empty one for an archive without sessions.

    Raises:
        ArchiveError: there is no archive, or the snapshot cannot be read, or has a newer schema.
        ArchiveDamagedError: there are sessions, and no tables of them.
    """
    Ledger(store).app()  # raises if this is no archive, or one of a newer version
    content = store.read(layout.SNAPSHOT)
    if content is None and store.folders(layout.RAW):
        raise ArchiveDamagedError(
            f"{layout.SNAPSHOT} is missing: `realtimekit archive rebuild`, or the end of a sync, writes it"
        )
    return Snapshot.decode(content)
