"""Apps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.operations import API, Call, contains, direction, found, listed
from realtimekit.emulator.shapes import ORDER, PAGES, TEXT, TIME, Shape, item, needed, or_null, page, record
from realtimekit.emulator.wire import ok

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Answer


APP = record({"id": TEXT, "name": or_null(TEXT), "created_at": TIME})


# Here, and here alone, the description begins at 1.
_PAGES = {name: shape._replace(minimum=1) for name, shape in PAGES.items()}


def shown(app: Row) -> dict[str, Any]:
    return {"id": app["id"], "name": app["name"], "created_at": app["created_at"]}


@API.add("GET", "/apps", query={**_PAGES, "search": Shape("text", longest=125), "sort_order": ORDER}, answer=page(APP))
def list_apps(call: Call) -> Answer:
    sql, values = "select * from apps", []
    if search := call.query.get("search"):
        sql, values = sql + " where name like ? escape '\\'", [contains(search)]
    return listed(call, sql, values, f"created_at {direction(call)}, number {direction(call)}", shown)


@API.add("POST", "/apps", body={"name": needed(TEXT)}, answer=item(record({"app": APP})))
def create_app(call: Call) -> Answer:
    return ok({"app": shown(call.emulator.new_app(call.body["name"]))})


@API.add("GET", "/apps/{app_id}", answer=item(APP))
def get_app(call: Call) -> Answer:
    return ok(shown(found(call.store.row("select * from apps where id = ?", call.ids["app_id"]))))
