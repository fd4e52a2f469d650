"""Claims: which process works on a session, so that concurrent syncs share the work."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from realtimekit.archive import layout
from realtimekit.archive.store import Store
from realtimekit.values import format_time, parse_timestamp

LEASE = timedelta(seconds=120)  # a claim that was not renewed for so long is abandoned
MAX_WAIT = 600.0  # seconds to wait for the process that works on a session
POLL = 0.2  # seconds


class Claims:
    """The sessions that this process works on. No two processes hold the same claim.

    A claim is renewed while the work continues. Another process can take over a claim that was not renewed for two
    minutes of the server's time, or whose process on this machine has ended.
    """

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._owner = f"{_machine_id()}:{os.getpid()}:{secrets.token_hex(8)}"
        self._held: set[str] = set()

    def acquire(self, session_id: str) -> bool:
        """Claim a session. False if another process works on it."""
        return self.acquire_path(f"{layout.CLAIMS}/{layout.encode_id(session_id)}")

    def acquire_path(self, path: str) -> bool:
        """As `acquire`, by the path of the claim."""
        content = self._content()
        if not self._store.create(path, content):
            found = self._store.get(path)
            # One of this owner: object storage carried the request out, but its response was lost on the way.
            own = found is not None and self._is_own(found.content)
            if found is not None and not own and not self._is_abandoned(found.content):
                return False
            if not own and not self._store.swap(path, content, None if found is None else found.version):
                return False
        self._held.add(path)
        return True

    def wait(self, path: str, max_wait: float = MAX_WAIT) -> bool:
        """Take over a claim once its owner has released it or ended. False if the owner still works after `max_wait`.

        Args:
            path: of the claim.
            max_wait: seconds to wait at most.
        """
        started = time.monotonic()
        content, since = None, started
        while time.monotonic() - started < max_wait:
            if self._store.create(path, self._content()):
                self._held.add(path)
                return True
            found = self._store.get(path)
            if found is not None and found.content != content:
                content, since = found.content, time.monotonic()
            # Whether it is renewed says more than its time, which is by the server's clock, and this process has none.
            abandoned = found is not None and (
                self._is_own(found.content)
                or self._is_gone(found.content)
                or time.monotonic() - since > LEASE.total_seconds()
            )
            if found is not None and abandoned and self._store.swap(path, self._content(), found.version):
                self._held.add(path)
                return True
            time.sleep(POLL)
        return False

    def release(self, session_id: str) -> None:
        """Release a session."""
        self.release_path(f"{layout.CLAIMS}/{layout.encode_id(session_id)}")

    def release_path(self, path: str) -> None:
        """As `release`, by the path of the claim."""
        self._held.discard(path)
        found = self._store.get(path)
        if found is not None and self._is_own(found.content):
            self._store.delete([path])

    def remove_abandoned(self) -> None:
        """Remove the claims of processes that are gone."""
        for entry in self._store.entries(layout.CLAIMS):
            found = self._store.get(entry.path)
            # Taken over before it is removed: another process may just be doing so.
            if (
                found is not None
                and self._is_abandoned(found.content)
                and self._store.swap(entry.path, self._content(), found.version)
            ):
                self._store.delete([entry.path])

    def renew(self) -> None:
        """Renew all claims: called every half a minute. One that was taken over meanwhile is left alone."""
        for path in list(self._held):
            found = self._store.get(path)
            if found is not None and self._is_own(found.content):
                self._store.swap(path, self._content(), found.version)

    def _is_own(self, content: bytes) -> bool:
        return f'"{self._owner}"'.encode() in content

    def _content(self) -> bytes:
        return json.dumps({"owner": self._owner, "at": format_time(self._now(), "now")}).encode()

    def _is_abandoned(self, content: bytes) -> bool:
        try:
            at = parse_timestamp(json.loads(content)["at"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return True
        return self._is_gone(content) or abs(self._now() - at) > LEASE

    def _is_gone(self, content: bytes) -> bool:
        """Whether its owner was a process of this machine that has ended."""
        try:
            host, pid, _ = json.loads(content)["owner"].split(":")
            return host == _machine_id() and not _is_alive(int(pid))
        except (ValueError, KeyError, TypeError, AttributeError):
            return True


def _machine_id() -> str:
    """Return an id of this machine, or of the container on it: process ids are unique within one only."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):  # only Linux has them
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text().strip())
        parts.append(Path("/proc/self/ns/pid").readlink().name.strip("pid:[]"))
    return "/".join(parts)


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # signal 0 would end the process there: the lease decides
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
