"""The canned responses of the loopback server, in the format of the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

TOKEN = "token-of-the-benchmarks"  # noqa: S105 - opens nothing
ACCOUNT, APP, MEETING, SESSION = "account-1", "app-1", "meeting-1", "sess-00000"
APP_PATH = f"/accounts/{ACCOUNT}/realtime/kit/{APP}"

SESSIONS, PAGE = 10_000, 100
SLOW = "/slow"  # path prefix: the response takes PAGE_SECONDS
PAGE_SECONDS = 0.05
COUNTS = "/counts"  # path: the counts of requests since the last time

_FIRST = datetime(2026, 6, 1, 10, tzinfo=UTC)


def session(number: int) -> dict[str, Any]:
    """Return one session, as in the response to `GET /sessions/{session_id}`."""
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
    """Return the response with one session."""
    return response({"success": True, "data": session(0)})


def pages() -> list[bytes]:
    """Return the responses with all sessions, one for each page."""
    made = []
    for start in range(0, SESSIONS, PAGE):
        paging = {"total_count": SESSIONS, "start_offset": start + 1, "end_offset": start + PAGE}
        items = [session(number) for number in range(start, start + PAGE)]
        made.append(response({"success": True, "data": {"sessions": items}, "paging": paging}))
    return made


def participant(number: int, sent: dict[str, Any]) -> bytes:
    """Return the response to `POST /meetings/{meeting_id}/participants`."""
    at = "2026-06-01T10:00:00.000Z"
    new = {"id": f"part-{number}", "token": "e30.e30.c2ln", "created_at": at, "updated_at": at}
    return response({"success": True, "data": {**sent, **new}}, "201 Created")


def response(body: object, status: str = "200 OK") -> bytes:
    """Return a whole response with the usual headers."""
    content = json.dumps(body, separators=(",", ":")).encode()
    head = (
        f"HTTP/1.1 {status}\r\ndate: Mon, 01 Jun 2026 10:00:00 GMT\r\ncontent-type: application/json; charset=utf-8\r\n"
        f"content-length: {len(content)}\r\nserver: cloudflare\r\ncf-ray: 8f0c1e2d3a4b5c6d-FRA\r\n"
        "cache-control: no-store\r\nvary: accept-encoding\r\n\r\n"
    )
    return head.encode() + content
