"""Webhooks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.context import Context
from realtimekit.emulator.http import HTTPError, bad_request, not_found, ok
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


# Like Joi's `guid()`, whose message the API sends: with or without hyphens.
_GUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_URL_TAKEN = {409: "a webhook of the app has this URL"}
_BAD_ID = {400: "The id is not a GUID, or the body is not valid"}


def _webhook(context: Context, *, invalid_id: HTTPError) -> Row:
    webhook_id = context.path_params["webhook_id"]
    webhook = context.store.row("select * from webhooks where id = ? and app_id = ?", webhook_id, context.app_id)
    if webhook is None:  # an existing one may have any id, from `next_ids`
        raise not_found() if _GUID.fullmatch(webhook_id) else invalid_id
    return webhook


def _invalid_id() -> HTTPError:
    """Return the error of PATCH, PUT and DELETE, which in the API's examples has no colon."""
    return HTTPError(400, 'BAD_REQUEST "id" must be a valid GUID')


def _check_url_is_free(context: Context, url: str, except_id: str = "") -> None:
    sql = "select 1 from webhooks where app_id = ? and url = ? and id <> ?"
    if context.store.row(sql, context.app_id, url, except_id):
        raise HTTPError(409, f"A webhook with URL {url} already exists")


@API.add("GET", _ALL, response=success(array_of(WEBHOOK)))
def list_webhooks(context: Context) -> JSON:
    rows = context.store.rows("select * from webhooks where app_id = ? order by number", context.app_id)
    if not rows and context.world.observed:
        raise not_found()
    return ok([serialize(row) for row in rows])


@API.add("POST", _ALL, body=FIELDS, status=201, response=success(WEBHOOK), errors=_URL_TAKEN)
def create_webhook(context: Context) -> JSON:
    _check_url_is_free(context, context.body["url"])
    given = {"enabled": True, **context.body, "events": json.dumps(context.body["events"])}
    ids = {"id": context.world.new_id(), "app_id": context.app_id}
    row = {**ids, **given, "created_at": context.now, "updated_at": context.now}
    context.store.insert("webhooks", row)
    return ok(serialize(row))


@API.add("GET", _ALL + "/all", response=success(STRINGS))
def list_webhook_events(_context: Context) -> JSON:
    return ok(list(EVENTS))


@API.add("GET", _ONE, response=success(WEBHOOK), errors=_BAD_ID)
def get_webhook(context: Context) -> JSON:
    return ok(serialize(_webhook(context, invalid_id=bad_request('"id" must be a valid GUID'))))


@API.add("PUT", _ONE, body=FIELDS, response=success(WEBHOOK), errors={**_BAD_ID, **_URL_TAKEN})
def replace_webhook(context: Context) -> JSON:
    return _update(context, {"enabled": True, **context.body})


@API.add("PATCH", _ONE, body=CHANGES, response=success(WEBHOOK), errors={**_BAD_ID, **_URL_TAKEN})
def update_webhook(context: Context) -> JSON:
    return _update(context, dict(context.body))


def _update(context: Context, changes: Row) -> JSON:
    webhook = _webhook(context, invalid_id=_invalid_id())
    if "url" in changes:
        _check_url_is_free(context, changes["url"], webhook["id"])
    if "events" in changes:
        changes["events"] = json.dumps(changes["events"])
    changes["updated_at"] = context.now
    context.store.update("webhooks", webhook["id"], changes)
    return ok(serialize({**webhook, **changes}))


@API.add("DELETE", _ONE, response=success(WEBHOOK), errors=_BAD_ID)
def delete_webhook(context: Context) -> JSON:
    webhook = _webhook(context, invalid_id=_invalid_id())
    context.store.run("delete from webhooks where id = ?", webhook["id"])
    return ok(serialize(webhook))
