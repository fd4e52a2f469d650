"""What a program does that uses an HTTP library alone: its URLs, and the fields out of the decoded JSON."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from benchmarks.canned import APP_PATH, MEETING, PAGE, SESSION, TOKEN

if TYPE_CHECKING:
    from benchmarks.contenders import Read

HEADERS = {"authorization": f"Bearer {TOKEN}", "accept": "application/json"}
JSON = {"content-type": "application/json"}
FIND = f"{APP_PATH}/sessions/{SESSION}"
CREATE = f"{APP_PATH}/meetings/{MEETING}/participants"


def page_path(page_no: int) -> str:
    return f"{APP_PATH}/sessions?per_page={PAGE}&page_no={page_no}"


def page_of(body: Any) -> tuple[list[Read], bool]:
    """The five fields of a page's sessions, and whether it is the last page."""
    items = [
        (
            item["id"],
            item["status"],
            item["minutes_consumed"],
            datetime.fromisoformat(item["started_at"]),
            datetime.fromisoformat(item["ended_at"]),
        )
        for item in body["data"]["sessions"]
    ]
    return items, body["paging"]["end_offset"] >= body["paging"]["total_count"]


def new_participant(name: str) -> dict[str, Any]:
    return {"custom_participant_id": name, "preset_name": "group_call_host", "name": name}
