"""Apps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.operations import API, Call, contains, direction, found, listed
from realtimekit.emulator.shapes import ORDER, PAGES, Shape
from realtimekit.emulator.wire import ok

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Outgoing


def shown(app: Row) -> dict[str, Any]:
    return {"id": app["id"], "name": app["name"], "created_at": app["created_at"]}


@API.add("GET", "/apps", query={**PAGES, "search": Shape("text", longest=125), "sort_order": ORDER})
def list_apps(call: Call) -> Outgoing:
    sql, values = "select * from apps", []
    if search := call.query.get("search"):
        sql, values = sql + " where name like ? escape '\\'", [contains(search)]
    return listed(call, sql, values, f"created_at {direction(call)}, number {direction(call)}", shown)


@API.add("POST", "/apps", body={"name": Shape("text", required=True)})
def create_app(call: Call) -> Outgoing:
    return ok({"app": shown(call.emulator.new_app(call.body["name"]))})


@API.add("GET", "/apps/{app_id}")
def get_app(call: Call) -> Outgoing:
    return ok(shown(found(call.store.row("select * from apps where id = ?", call.ids["app_id"]))))
