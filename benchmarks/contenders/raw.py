"""What programs do that use an HTTP library without an SDK: build URLs, and take fields from decoded JSON."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from benchmarks.canned import APP_PATH, MEETING, PAGE, SESSION, TOKEN

if TYPE_CHECKING:
    from benchmarks.contenders import SessionFields

HEADERS = {"authorization": f"Bearer {TOKEN}", "accept": "application/json"}
JSON = {"content-type": "application/json"}
FIND = f"{APP_PATH}/sessions/{SESSION}"
CREATE = f"{APP_PATH}/meetings/{MEETING}/participants"


def page_path(page_no: int) -> str:
    return f"{APP_PATH}/sessions?per_page={PAGE}&page_no={page_no}"


def page_of(body: Any) -> tuple[list[SessionFields], bool]:
    """Return five fields of each session of a page, and whether it is the last page."""
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
