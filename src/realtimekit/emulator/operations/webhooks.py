"""Webhooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.context import Context, or_404
from realtimekit.emulator.http import ok
from realtimekit.emulator.routes import API
from realtimekit.emulator.schema import (
    BOOLEAN,
    DATE_TIME,
    STRING,
    STRINGS,
    URI,
    Schema,
    array_of,
    enum_array,
    required,
    response_object,
    success,
)
from realtimekit.emulator.services.events import EVENTS

if TYPE_CHECKING:
    from realtimekit.emulator.http import JSON
    from realtimekit.emulator.store import Row

CHANGES = {"name": STRING, "url": URI, "events": enum_array(*EVENTS), "enabled": Schema("boolean")}
FIELDS = {name: required(schema) if name != "enabled" else schema for name, schema in CHANGES.items()}
WEBHOOK = response_object({
    "id": STRING,
    "name": STRING,
    "url": URI,
    "events": array_of(STRING),
    "enabled": BOOLEAN,
    "created_at": DATE_TIME,
    "updated_at": DATE_TIME,
})  # fmt: skip
_ALL = "/{app_id}/webhooks"
_ONE = _ALL + "/{webhook_id}"


def serialize(webhook: Row) -> dict[str, Any]:
    kept = {name: webhook[name] for name in WEBHOOK.properties}
    return {**kept, "events": json.loads(webhook["events"]), "enabled": bool(webhook["enabled"])}


def _webhook(context: Context) -> Row:
    sql = "select * from webhooks where id = ? and app_id = ?"
    return or_404(context.store.row(sql, context.path_params["webhook_id"], context.app_id))


@API.add("GET", _ALL, response=success(array_of(WEBHOOK)))
def list_webhooks(context: Context) -> JSON:
    rows = context.store.rows("select * from webhooks where app_id = ? order by number", context.app_id)
    return ok([serialize(row) for row in rows])


@API.add("POST", _ALL, body=FIELDS, status=201, response=success(WEBHOOK))
def create_webhook(context: Context) -> JSON:
    given = {"enabled": True, **context.body, "events": json.dumps(context.body["events"])}
    ids = {"id": context.world.new_id(), "app_id": context.app_id}
    row = {**ids, **given, "created_at": context.now, "updated_at": context.now}
    context.store.insert("webhooks", row)
    return ok(serialize(row))


@API.add("GET", _ALL + "/all", response=success(STRINGS))
def list_webhook_events(_context: Context) -> JSON:
    return ok(list(EVENTS))


@API.add("GET", _ONE, response=success(WEBHOOK))
def get_webhook(context: Context) -> JSON:
    return ok(serialize(_webhook(context)))


@API.add("PUT", _ONE, body=FIELDS, response=success(WEBHOOK))
def replace_webhook(context: Context) -> JSON:
    return _update(context, {"enabled": True, **context.body})


@API.add("PATCH", _ONE, body=CHANGES, response=success(WEBHOOK))
def update_webhook(context: Context) -> JSON:
    return _update(context, dict(context.body))


def _update(context: Context, changes: Row) -> JSON:
    webhook = _webhook(context)
    if "events" in changes:
        changes["events"] = json.dumps(changes["events"])
    changes["updated_at"] = context.now
    context.store.update("webhooks", webhook["id"], changes)
    return ok(serialize({**webhook, **changes}))


@API.add("DELETE", _ONE, response=success(WEBHOOK))
def delete_webhook(context: Context) -> JSON:
    webhook = _webhook(context)
    context.store.run("delete from webhooks where id = ?", webhook["id"])
    return ok(serialize(webhook))
