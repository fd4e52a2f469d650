"""An app of the API made of dicts: any records at all, and what was asked for."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from realtimekit.interfaces import Response
from tests.core.scripted import Call, Script, error, ok, paging_of

START = datetime(2026, 6, 3, 10, tzinfo=UTC)
NOW = START + timedelta(days=20)


def at(minute: float) -> str:
    return (START + timedelta(minutes=minute)).isoformat()


def session(number: int = 1, minutes: float = 60, **fields: Any) -> dict[str, Any]:
    """Return a session that began on 3 June 2026 at 10:00."""
    times = {"created_at": at(0), "started_at": at(0), "ended_at": at(minutes)}
    return {"id": f"s{number}", "associated_id": "m1", "meeting_display_name": "Weekly", "status": "ENDED",
            **times, **fields}  # fmt: skip


def stay(name: str, start: float = 0, end: float | None = 60, **fields: Any) -> dict[str, Any]:
    """Return a participant from one minute of the session to another."""
    left = {} if end is None else {"left_at": at(end), "duration": end - start}
    return {"id": f"peer-{name}", "display_name": name, "custom_participant_id": f"custom-{name}",
            "user_id": f"user-{name}", "preset_name": "host", "joined_at": at(start), **left, **fields}  # fmt: skip


def preset(name: str = "host", view_type: str = "GROUP_CALL", **permissions: Any) -> dict[str, Any]:
    return {"id": f"id-of-{name}", "name": name, "config": {"view_type": view_type}, "permissions": permissions}


class App:
    """An app whose records are these; a list that is not given is empty."""

    def __init__(self, **records: Any) -> None:
        self.sessions: list[dict[str, Any]] = records.get("sessions", [])
        self.participants: dict[str, list[dict[str, Any]]] = records.get("participants", {})
        self.livestream_sessions: dict[str, list[dict[str, Any]]] = records.get("livestream_sessions", {})
        self.lists: dict[str, list[dict[str, Any]]] = {
            name: records.get(name, []) for name in ("recordings", "livestreams", "meetings", "presets")
        }
        self.script = Script(server=self.respond)

    @property
    def asked(self) -> Counter[str]:
        """How often each path was asked for."""
        return Counter(call.path.removeprefix("/app") for call in self.script.calls)

    def respond(self, call: Call) -> Response:
        _, _, kind, *rest = call.path.split("/")
        if kind == "sessions" and not rest:
            meeting = call.query.get("associated_id")
            found = [one for one in self.sessions if meeting in {None, one.get("associated_id")}]
            found.sort(key=lambda one: str(one.get("created_at")), reverse=call.query.get("sort_order") == "DESC")
            return _page(call, found, "sessions")
        if kind == "sessions" and len(rest) == 1:
            return _one(self.sessions, rest[0])
        if kind == "sessions" and rest[1] == "participants":
            if rest[0] not in self.participants:
                return error(404)
            return _page(call, self.participants[rest[0]], "participants")
        if kind == "sessions":
            return _page(call, self.livestream_sessions.get(rest[0], []), "data")
        return _one(self.lists[kind], rest[0]) if rest else _page(call, self.lists[kind], None)


def _one(records: list[dict[str, Any]], id: str) -> Response:
    found = next((one for one in records if one.get("id") == id), None)
    return error(404) if found is None else ok(found)


def _page(call: Call, records: list[dict[str, Any]], key: str | None) -> Response:
    size = int(call.query.get("per_page", 20))
    start = (int(call.query.get("page_no", 1)) - 1) * size
    page = records[start : start + size]
    return ok({key: page} if key else page, paging_of(len(records), min(start + 1, len(records)), start + len(page)))
