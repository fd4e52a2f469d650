"""The ledger: which sessions are still to be checked, which process works on one, and which times are proven.

An entry of `ledger/open` is all in its path, so one listing gives the whole queue, in the order of deadlines:

    ledger/open/<deadline>_<next check>_<day>_<session>
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self

from realtimekit.archive import layout
from realtimekit.archive.clock import ServerClock
from realtimekit.archive.errors import ArchiveDamagedError, ArchiveError, no_archive
from realtimekit.archive.manifest import Unreadable
from realtimekit.archive.sealed import seal, unseal
from realtimekit.archive.store import Store
from realtimekit.values import format_time, format_times, parse_timestamp

NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # the deadline of a live session
AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
FORMAT = "realtimekit-archive"
VERSION = 1
RECENT = timedelta(days=2)  # the windows among which the last proven one is sought first


# --- what is still to be checked --------------------------------------------------------------------------------------


class OpenSession(NamedTuple):
    """A session that is not complete yet. The fields are in the order in which sessions are checked."""

    deadline: datetime  # when the platform deletes the first of what is missing
    next_check: datetime
    day: str
    session_id: str

    @property
    def path(self) -> str:
        deadline, check = layout.encode_time(self.deadline), layout.encode_time(self.next_check)
        return f"{layout.OPEN}/{deadline}_{check}_{self.day}_{layout.encode_id(self.session_id)}"

    @classmethod
    def from_path(cls, path: str) -> Self:
        try:
            deadline, check, day, session = path.rpartition("/")[2].split("_", 3)
            return cls(layout.decode_time(deadline), layout.decode_time(check), day, layout.decode_id(session))
        except ValueError:
            raise ArchiveError(f"{path} is not an entry of the ledger: delete the file if you put it there") from None


class ChangedSession(NamedTuple):
    """A session whose manifest was written, and whose rows in the tables are still those of an earlier one."""

    day: str
    revision: int
    session_id: str

    @property
    def path(self) -> str:
        return f"{layout.CHANGED}/{self.day}_{self.revision:06}_{layout.encode_id(self.session_id)}"

    @classmethod
    def from_path(cls, path: str) -> Self:
        try:
            day, revision, session = path.rpartition("/")[2].split("_", 2)
            return cls(day, int(revision), layout.decode_id(session))
        except ValueError:
            raise ArchiveError(f"{path} is not an entry of the ledger: delete the file if you put it there") from None


# --- proven times -----------------------------------------------------------------------------------------------------


class Window(NamedTuple):
    """A span of time whose sessions were all found, or were not.

    Attributes:
        start, end: the sessions that began from `start` to before `end`.
        proven: whether the counts before and after reading agree with the distinct ids that were read.
        count_before, count_after: what the API counted; None if it does not say.
        found: how many distinct sessions were read.
        read_from: the `start_time` of the request: windows overlap.
        read_at: by the server's clock.
        begun: how many sessions began in it; None if they were not counted.
        continues: whether an earlier window ends where this one starts.
    """

    start: datetime
    end: datetime
    proven: bool
    count_before: int | None
    count_after: int | None
    found: int
    read_from: datetime
    read_at: datetime
    begun: int | None = None
    continues: bool = False

    @property
    def path(self) -> str:
        return f"{layout.WINDOWS}/{layout.encode_time(self.start)}_{layout.encode_time(self.end)}.json"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return format_times(self._asdict())

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        known: dict[str, Any] = {name: values.get(name) for name in cls._fields}
        for name in ("start", "end", "read_from", "read_at"):
            known[name] = parse_timestamp(known[name])
        known["continues"] = bool(known["continues"])
        return cls(**known)


class Ledger:
    """The ledger of one archive. All times are the server's."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # --- identity ----------------------------------------------------------------------------------------------------

    def identity(self) -> dict[str, Any] | None:
        """Return what `archive.json` says; None if the target holds no archive."""
        content = self._store.read(layout.IDENTITY)
        if content is None:
            return None
        try:
            # Whoever makes an archive by hand need not seal it.
            found: dict[str, Any] = json.loads(content)
            found = unseal(content, layout.IDENTITY) if "checksum" in found else found
            version, _ = int(found["version"]), str(found["app_id"])
            if found["format"] != FORMAT:
                raise ValueError
        except (ValueError, KeyError, TypeError, ArchiveDamagedError):
            raise ArchiveError(
                f"{self._store.target}: its {layout.IDENTITY} is not that of an archive, or damaged: "
                "restore it from a copy"
            ) from None
        if version > VERSION:
            raise ArchiveError(
                f"{self._store.target} has version {version}, and this release reads {VERSION}: upgrade realtimekit"
            )
        return found

    def created_at(self) -> datetime | None:
        """Return when the archive was made, by the server's clock; None if whoever made it did not say."""
        try:
            return parse_timestamp(str((self.identity() or {}).get("created_at")))
        except ValueError:
            return None

    def app(self) -> dict[str, str]:
        """Return the ids of the app and account of the archive.

        Raises:
            ArchiveError: the target holds no archive.
        """
        found = self.identity()
        if found is None:
            raise no_archive(self._store.target)
        return {"app_id": str(found["app_id"]), "account_id": str(found["account_id"])}

    def create(self, account_id: str, app_id: str, now: datetime) -> dict[str, Any]:
        """Make the target an archive of an app, unless it is one.

        Raises:
            ArchiveError: it is the archive of another app, or holds something else.
        """
        found = self.check(app_id)
        if found is None:
            found = {
                "format": FORMAT,
                "version": VERSION,
                "account_id": account_id,
                "app_id": app_id,
                "created_at": format_time(now, "now"),
                "erasure_key": secrets.token_hex(32),
            }
            if not self._store.create(layout.IDENTITY, seal(found)):
                found = self.check(app_id) or found
            self._store.flush(layout.IDENTITY)
        return found

    def check(self, app_id: str) -> dict[str, Any] | None:
        """Return what `archive.json` says if the target is an archive of this app; None if it is empty.

        Raises:
            ArchiveError: it is the archive of another app, or holds something else.
        """
        found = self.identity()
        # Another process may have made it an archive meanwhile: its identity comes first.
        if found is None and not self._store.is_empty() and (found := self.identity()) is None:
            raise ArchiveError(
                f"{self._store.target} is not empty and holds no archive: choose an empty folder, or a prefix"
            )
        if found is not None and found["app_id"] != app_id:
            raise ArchiveError(
                f"{self._store.target} is the archive of app {found['app_id']}, not of {app_id}: "
                "use another target for another app"
            )
        return found

    # --- open sessions -----------------------------------------------------------------------------------------------

    def open_sessions(self) -> list[OpenSession]:
        """Return the sessions that are not complete, the earliest deadline first; each once."""
        entries: dict[str, OpenSession] = {}
        for found in self._store.entries(layout.OPEN):  # in the order of their paths, and so of their deadlines
            entry = OpenSession.from_path(found.path)
            if layout.is_digest(found.path.rpartition("_")[2]):
                if (content := self._store.read(found.path)) is None:  # closed meanwhile
                    continue
                entry = entry._replace(session_id=content.decode("utf-8", "surrogatepass"))
            entries.setdefault(entry.session_id, entry)
        return list(entries.values())

    def open(self, entry: OpenSession) -> None:
        """Add a session."""
        in_path = not layout.is_digest(layout.encode_id(entry.session_id))
        self._store.put(entry.path, b"" if in_path else entry.session_id.encode("utf-8", "surrogatepass"))

    def is_open(self, entry: OpenSession) -> bool:
        return self._store.size(entry.path) is not None

    def reopen(self, old: OpenSession, new: OpenSession) -> None:
        """Replace an entry: at no time is there none."""
        if new.path != old.path:  # paths have seconds, times may have less
            self.open(new)
            self.close(old)

    def close(self, entry: OpenSession) -> None:
        """Remove an entry: the session is complete."""
        self._store.delete([entry.path])

    # --- changed sessions ---------------------------------------------------------------------------------------------

    def changed_sessions(self) -> list[ChangedSession]:
        """Return the sessions whose rows in the tables are out of date, by day."""
        return [ChangedSession.from_path(entry.path) for entry in self._store.entries(layout.CHANGED)]

    def describe(self, unreadable: Iterable[Unreadable]) -> list[str]:
        """Return what is wrong with sessions that cannot be read, each with its cure."""
        found = sorted(set(unreadable))
        waiting = {layout.encode_id(entry.session_id) for entry in self.open_sessions()} if found else set()
        return [each.describe(waiting=each.folder.rpartition("/session=")[2] in waiting) for each in found]

    def settle(self, changed: Iterable[ChangedSession]) -> None:
        """Remove entries whose rows are up to date."""
        self._store.delete(entry.path for entry in changed)

    # --- windows -----------------------------------------------------------------------------------------------------

    def windows(self) -> list[Window]:
        """Return all windows, by time."""
        found = [self.window(entry.path) for entry in self._store.entries(layout.WINDOWS)]
        return [window for window in found if window is not None]

    def window(self, path: str) -> Window | None:
        """Return a window; None if it has just been replaced by a proven one.

        Raises:
            ArchiveDamagedError: it is not what was written.
        """
        if (content := self._store.read(path)) is None:
            return None
        try:
            return Window.from_dict(unseal(content, path))
        except (ValueError, KeyError, TypeError):
            raise ArchiveDamagedError(f"{path} is damaged: it is not a window of the ledger") from None

    def _is_proven(self, path: str) -> bool:
        try:
            window = self.window(path)
        except ArchiveDamagedError:
            return False
        return window is not None and window.proven

    def proven_until(self) -> datetime | None:
        """Return until when everything is proven, without a gap; None if nothing is."""
        # Windows pile up over the years, and the last ones suffice. This machine's clock only says where to begin.
        for after in (f"{layout.WINDOWS}/{layout.encode_time(ServerClock().now() - RECENT)}", None):
            for entry in reversed(self._store.entries(layout.WINDOWS, after=after)):
                with contextlib.suppress(ArchiveDamagedError):  # it proves nothing: its time is read again
                    if (window := self.window(entry.path)) is not None and window.proven:
                        return window.end
        return None

    def now(self) -> datetime:
        """Return the time for those who have no server to ask: this machine's, or a later one that the server sent."""
        return max(self.last_server_time() or ServerClock().now(), ServerClock().now())

    def last_server_time(self) -> datetime | None:
        """Return the time that the server sent in the last sync; None if there was none."""
        for after in (f"{layout.WINDOWS}/{layout.encode_time(ServerClock().now() - RECENT)}", None):
            for entry in reversed(self._store.entries(layout.WINDOWS, after=after)):
                with contextlib.suppress(ArchiveDamagedError):
                    if (window := self.window(entry.path)) is not None:
                        return window.read_at
        return self.created_at()

    def has_window_before(self, time: datetime) -> bool:
        """Whether there is a window that starts before a time."""
        start = f"{layout.WINDOWS}/{layout.encode_time(time)}_"
        return any(entry.path < start for entry in self._store.entries(layout.WINDOWS))

    def add_window(self, window: Window) -> None:
        """Record a window. It replaces the unproven ones with the same start.

        What it proves must be in the ledger for good before.
        """
        self._store.flush(layout.OPEN, content=False)
        if window.proven:
            # Before it is written: if this ends between the two, the time is read again, and none of them stays.
            start = f"{layout.WINDOWS}/{layout.encode_time(window.start)}_"
            after = [entry.path for entry in self._store.entries(layout.WINDOWS, after=start)]
            same = [path for path in after if path.startswith(start) and path != window.path]
            self._store.delete(path for path in same if not self._is_proven(path))
        self._store.put(window.path, seal(window.to_dict()))
