"""The memory of a sync, over a platform that makes its responses up, so that neither takes long.

    python -m benchmarks.archive_memory sessions [NUMBER [FOLDER]]    one person each, in five days
    python -m benchmarks.archive_memory recording [GIGABYTES [TARGET]]

Memory is the largest resident set of this process during each step, beside that before it. In a folder that is given,
the archive stays. A recording comes from a server in another process, which makes its bytes as it sends them.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from realtimekit import RealtimeKit
from realtimekit.archive import Archive
from realtimekit.archive.compression import compressed
from realtimekit.interfaces import Request, Response

if TYPE_CHECKING:
    from collections.abc import Generator

    from realtimekit.archive.sync_result import SyncResult

NOW = datetime(2026, 3, 10, tzinfo=UTC)
FIRST, LAST = NOW - timedelta(days=6), NOW - timedelta(days=1)  # when the sessions began
BASE_URL = "http://platform.localhost/"
CHAT = b"id,participantId,payloadType,payload,createdAt\n1,user-1,TEXT_MESSAGE,hello,2026-03-04T10:00:00Z\n"
CHUNK = bytes(range(256)) * 4096  # 1 MiB


class Platform:
    """A transport to an app with many small sessions, of which nothing is kept but their number.

    Args:
        sessions: how many.
        recording: the link to a recording of the first session, and its size in bytes.
    """

    def __init__(self, sessions: int, recording: tuple[str, int] | None = None) -> None:
        self._sessions = sessions
        self._recording = recording
        self._apart = (LAST - FIRST) / sessions
        self.requests = 0

    def send(self, request: Request, /) -> Response:
        self.requests += 1
        url = urlsplit(request.url)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        parts = url.path.partition("/kit/app/")[2].split("/")
        if url.path == "/chat.csv":
            return Response(200, {}, CHAT)
        found = self._find(parts, query)
        headers = {"date": format_datetime(NOW, usegmt=True), "content-type": "application/json"}
        if found is None:
            return Response(404, headers, b'{"success":false,"errors":[{"code":404,"message":"not found"}]}')
        return Response(200, headers, json.dumps({"success": True, **found}).encode())

    def _find(self, parts: list[str], query: dict[str, str]) -> dict[str, Any] | None:
        found: dict[str, Any] | None = None
        match parts:
            case ["sessions"]:
                found = self._page(query)
            case ["sessions", "peer-report", peer]:
                found = {"data": {"participant": {"id": peer, "peer_report": {"quality": {}}}}}
            case ["sessions", session]:
                found = {"data": self._session(int(session))}
            case ["sessions", session, "participants"]:
                found = {"data": {"participants": [self._person(int(session))]}, "paging": _paging(1, 1, 1)}
            case ["sessions", _, "chat"]:
                found = {"data": {"chat_download_url": f"{BASE_URL}chat.csv?signature=x"}}
            case ["meetings", meeting]:
                found = {"data": {"id": meeting, "title": f"Weekly {meeting}"}}
            case ["recordings"]:
                recordings = self._recordings(query.get("meeting_id"))
                found = {"data": recordings, "paging": _paging(len(recordings), 1, len(recordings))}
            case _:
                pass
        return found

    def _page(self, query: dict[str, str]) -> dict[str, Any]:
        start = datetime.fromisoformat(query.get("start_time", FIRST.isoformat()))
        begin = max(0, min(self._sessions, -int((FIRST - start) / self._apart)))
        size, page = int(query["per_page"]), int(query["page_no"])
        first = begin + size * (page - 1)
        found = [self._session(number) for number in range(first, min(first + size, self._sessions))]
        return {
            "data": {"sessions": found},
            "paging": _paging(self._sessions - begin, first - begin + 1, first - begin + len(found)),
        }

    def _session(self, number: int) -> dict[str, Any]:
        began = FIRST + self._apart * number
        times = {"started_at": began, "ended_at": began + timedelta(minutes=20), "created_at": began}
        return {
            "id": f"{number:08}",
            "associated_id": f"meeting-{number % 500}",
            "meeting_display_name": f"Weekly {number % 500}",
            "type": "meeting",
            "status": "ENDED",
            "live_participants": 0,
            "max_concurrent_participants": 1,
            "minutes_consumed": 20.0,
            **{name: time.isoformat() for name, time in times.items()},
        }

    def _person(self, number: int) -> dict[str, Any]:
        return {"id": f"peer-{number:08}", "user_id": f"user-{number % 999}", "display_name": f"Person {number % 999}"}

    def _recordings(self, meeting: str | None) -> list[dict[str, Any]]:
        if self._recording is None or meeting != "meeting-0":
            return []
        link, size = self._recording
        return [
            {
                "id": "recording-1", "session_id": f"{0:08}", "status": "UPLOADED", "download_url": link,
                "file_size": size, "output_file_name": "recording.mp4", "stopped_time": LAST.isoformat(),
            }
        ]  # fmt: skip


def _paging(total: int, start: int, end: int) -> dict[str, int]:
    return {"total_count": total, "start_offset": start, "end_offset": end}


def client_of(transport: Any) -> RealtimeKit:
    ids: dict[str, Any] = {"account_id": "account", "app_id": "app", "api_token": "none"}
    return RealtimeKit(**ids, base_url=BASE_URL, limiter="off", transport=transport)


# --- memory -----------------------------------------------------------------------------------------------------------


class Step:
    """One step: what it took of memory, CPU and requests. A context manager, which prints them as a line of JSON."""

    def __init__(self, name: str, platform: Platform | None = None) -> None:
        self._name, self._platform = name, platform

    def __enter__(self) -> Self:
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")  # the largest one is now that of this moment
        self._before, self._cpu, self._began = memory("VmRSS"), time.process_time(), time.monotonic()
        self._requests = self._platform.requests if self._platform else 0
        return self

    def __exit__(self, *_: object) -> None:
        values: dict[str, Any] = {
            "step": self._name,
            "mib_before": self._before,
            "mib_at_most": memory("VmHWM"),
            "cpu_seconds": round(time.process_time() - self._cpu, 1),
            "seconds": round(time.monotonic() - self._began, 1),
        }
        if self._platform:
            values["requests"] = self._platform.requests - self._requests
        print(json.dumps(values), flush=True)


def memory(name: str) -> int:
    """Return the resident memory of this process, or the largest one so far, in MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) >> 10 for line in status.splitlines() if line.startswith(name))


# --- many sessions ----------------------------------------------------------------------------------------------------


def check(result: SyncResult) -> None:
    assert result.ok, result


def measure_sessions(count: int, folder: str) -> None:
    platform = Platform(count)
    client, archive = client_of(platform), Archive(Path(folder) / "archive")
    compressed(b"")  # loads pyarrow
    with Step(f"a new archive of {count:,} sessions", platform):
        check(archive.sync(client))
    with Step("nothing new", platform):
        check(archive.sync(client))
    with Step("verify"):
        assert archive.verify().ok
    with Step("status"):
        archive.status()
    with Step("rebuild of the tables"):
        archive.rebuild()


# --- a large recording ------------------------------------------------------------------------------------------------


def measure_recording(gigabytes: float, target: str) -> None:
    size = int(gigabytes * 1024) * len(CHUNK)
    with _storage(size) as link:
        platform = Platform(1, (link, size))
        client, archive = client_of(_Mixed(platform)), Archive(target)
        compressed(b"")
        archive.store.is_empty()
        with Step(f"a recording of {size >> 20:,} MiB", platform):
            check(archive.sync(client))
        (entry,) = [entry for entry in archive.store.entries("raw") if entry.path.endswith(".mp4")]
        assert entry.size == size


class _Mixed:
    """The made-up platform for the API, and the network for files."""

    def __init__(self, platform: Platform) -> None:
        from realtimekit.transports import create_transport

        self._platform = platform
        self._network: Any = create_transport("auto", asynchronous=False)

    def send(self, request: Request, /) -> Any:
        return (self._platform if request.url.startswith(BASE_URL) else self._network).send(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)


@contextmanager
def _storage(size: int) -> Generator[str]:
    """Serve a file of so many bytes from another process."""
    command = [sys.executable, "-m", "benchmarks.archive_memory", "serve", str(size)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/recording.mp4?signature=x"
        finally:
            process.stdin.close()


def serve(size: int) -> None:
    """Serve a file of so many bytes until stdin ends."""
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(size))
            self.end_headers()
            for _ in range(size // len(CHUNK)):
                self.wfile.write(CHUNK)

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_port, flush=True)
        sys.stdin.read()
        server.shutdown()


def main(what: str, amount: str = "", target: str = "") -> None:
    """Measure one of the two."""
    if what == "serve":
        serve(int(amount))
        return
    with tempfile.TemporaryDirectory() as folder:
        if what == "sessions":
            measure_sessions(int(amount or 20_000), target or folder)
        else:
            measure_recording(float(amount or 2), target or folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
