"""Apps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.context import Context, contains, list_response, or_404, sort_direction
from realtimekit.emulator.http import ok
from realtimekit.emulator.routes import API
from realtimekit.emulator.schema import (
    DATE_TIME,
    PAGE_QUERY,
    SORT_ORDER,
    STRING,
    Schema,
    nullable,
    page,
    required,
    response_object,
    success,
)
from realtimekit.emulator.services.apps import add_app

if TYPE_CHECKING:
    from realtimekit.emulator.http import JSON
    from realtimekit.emulator.store import Row


APP = response_object({"id": STRING, "name": nullable(STRING), "created_at": DATE_TIME})


# Only here the description has a minimum of 1.
_PAGES = {name: schema._replace(minimum=1) for name, schema in PAGE_QUERY.items()}


def serialize(app: Row) -> dict[str, Any]:
    return {"id": app["id"], "name": app["name"], "created_at": app["created_at"]}


@API.add(
    "GET",
    "/apps",
    query={**_PAGES, "search": Schema("string", max_length=125), "sort_order": SORT_ORDER},
    response=page(APP),
)
def list_apps(context: Context) -> JSON:
    sql, values = "select * from apps", []
    if search := context.query.get("search"):
        sql, values = f"{sql} where {contains('name')}", [search]
    return list_response(
        context, sql, values, f"created_at {sort_direction(context)}, number {sort_direction(context)}", serialize
    )


@API.add("POST", "/apps", body={"name": required(STRING)}, response=success(response_object({"app": APP})))
def create_app(context: Context) -> JSON:
    return ok({"app": serialize(add_app(context.world, context.body["name"]))})


@API.add("GET", "/apps/{app_id}", response=success(APP))
def get_app(context: Context) -> JSON:
    return ok(serialize(or_404(context.store.row("select * from apps where id = ?", context.app_id))))
