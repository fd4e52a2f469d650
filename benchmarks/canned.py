"""What the loopback server answers: bytes made beforehand, in the shapes of the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

TOKEN = "token-of-the-benchmarks"  # noqa: S105 - opens nothing
ACCOUNT, APP, MEETING, SESSION = "account-1", "app-1", "meeting-1", "sess-00000"
APP_PATH = f"/accounts/{ACCOUNT}/realtime/kit/{APP}"

SESSIONS, PAGE = 10_000, 100
SLOW = "/slow"  # before the path: the answer takes PAGE_SECONDS
PAGE_SECONDS = 0.05
COUNTS = "/counts"  # what the server has seen since it was last asked

_FIRST = datetime(2026, 6, 1, 10, tzinfo=UTC)


def session(number: int) -> dict[str, Any]:
    """One session, as `GET /sessions/{session_id}` gives it."""
    start = _FIRST + timedelta(minutes=number)
    started, ended = (at.isoformat(timespec="milliseconds") for at in (start, start + timedelta(minutes=30)))
    return {
        "id": f"sess-{number:05}",
        "associated_id": "4d2c2f9c-30ea-4cbb-9a0e-2a1c0c1b7f11",
        "meeting_display_name": f"Weekly {number}",
        "type": "meeting",
        "status": "ENDED",
        "live_participants": 0,
        "max_concurrent_participants": 3,
        "minutes_consumed": 41.25,
        "organization_id": APP,
        "started_at": started.replace("+00:00", "Z"),
        "ended_at": ended.replace("+00:00", "Z"),
        "created_at": started.replace("+00:00", "Z"),
        "updated_at": ended.replace("+00:00", "Z"),
    }


def one() -> bytes:
    """The answer with one session."""
    return answer({"success": True, "data": session(0)})


def pages() -> list[bytes]:
    """The answers with all sessions, a page each."""
    made = []
    for start in range(0, SESSIONS, PAGE):
        paging = {"total_count": SESSIONS, "start_offset": start + 1, "end_offset": start + PAGE}
        items = [session(number) for number in range(start, start + PAGE)]
        made.append(answer({"success": True, "data": {"sessions": items}, "paging": paging}))
    return made


def participant(number: int, sent: dict[str, Any]) -> bytes:
    """The answer to `POST /meetings/{meeting_id}/participants`."""
    at = "2026-06-01T10:00:00.000Z"
    new = {"id": f"part-{number}", "token": "e30.e30.c2ln", "created_at": at, "updated_at": at}
    return answer({"success": True, "data": {**sent, **new}}, "201 Created")


def answer(body: object, status: str = "200 OK") -> bytes:
    """A whole answer, with the headers that such answers have."""
    content = json.dumps(body, separators=(",", ":")).encode()
    head = (
        f"HTTP/1.1 {status}\r\ndate: Mon, 01 Jun 2026 10:00:00 GMT\r\ncontent-type: application/json; charset=utf-8\r\n"
        f"content-length: {len(content)}\r\nserver: cloudflare\r\ncf-ray: 8f0c1e2d3a4b5c6d-FRA\r\n"
        "cache-control: no-store\r\nvary: accept-encoding\r\n\r\n"
    )
    return head.encode() + content
