"""Webhooks: who is told what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.operations import API, Call, found
from realtimekit.emulator.shapes import FLAG, TEXT, TEXTS, TIME, URI, Shape, item, list_of, needed, record, several_of
from realtimekit.emulator.wire import ok

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Answer

EVENTS = (
    "meeting.started",
    "meeting.ended",
    "meeting.participantJoined",
    "meeting.participantLeft",
    "meeting.chatSynced",
    "recording.statusUpdate",
    "livestreaming.statusUpdate",
    "meeting.transcript",
    "meeting.summary",
)
CHANGES = {"name": TEXT, "url": URI, "events": several_of(*EVENTS), "enabled": Shape("flag")}
FIELDS = {name: needed(shape) if name != "enabled" else shape for name, shape in CHANGES.items()}
WEBHOOK = record({
    "id": TEXT,
    "name": TEXT,
    "url": URI,
    "events": list_of(TEXT),
    "enabled": FLAG,
    "created_at": TIME,
    "updated_at": TIME,
})  # fmt: skip
_ALL = "/{app_id}/webhooks"
_ONE = _ALL + "/{webhook_id}"


def shown(webhook: Row) -> dict[str, Any]:
    kept = {name: webhook[name] for name in WEBHOOK.fields}
    return {**kept, "events": json.loads(webhook["events"]), "enabled": bool(webhook["enabled"])}


def _webhook(call: Call) -> Row:
    sql = "select * from webhooks where id = ? and app_id = ?"
    return found(call.store.row(sql, call.ids["webhook_id"], call.ids["app_id"]))


@API.add("GET", _ALL, answer=item(list_of(WEBHOOK)))
def list_webhooks(call: Call) -> Answer:
    rows = call.store.rows("select * from webhooks where app_id = ? order by number", call.ids["app_id"])
    return ok([shown(row) for row in rows])


@API.add("POST", _ALL, body=FIELDS, status=201, answer=item(WEBHOOK))
def create_webhook(call: Call) -> Answer:
    given = {"enabled": True, **call.body, "events": json.dumps(call.body["events"])}
    ids = {"id": call.emulator.new_id(), "app_id": call.ids["app_id"]}
    row = {**ids, **given, "created_at": call.now, "updated_at": call.now}
    call.store.insert("webhooks", row)
    return ok(shown(row))


@API.add("GET", _ALL + "/all", answer=item(TEXTS))
def list_webhook_events(call: Call) -> Answer:  # noqa: ARG001 - as all handlers
    return ok(list(EVENTS))


@API.add("GET", _ONE, answer=item(WEBHOOK))
def get_webhook(call: Call) -> Answer:
    return ok(shown(_webhook(call)))


@API.add("PUT", _ONE, body=FIELDS, answer=item(WEBHOOK))
def replace_webhook(call: Call) -> Answer:
    return _changed(call, {"enabled": True, **call.body})


@API.add("PATCH", _ONE, body=CHANGES, answer=item(WEBHOOK))
def update_webhook(call: Call) -> Answer:
    return _changed(call, dict(call.body))


def _changed(call: Call, changes: Row) -> Answer:
    webhook = _webhook(call)
    if "events" in changes:
        changes["events"] = json.dumps(changes["events"])
    changes["updated_at"] = call.now
    call.store.update("webhooks", webhook["id"], changes)
    return ok(shown({**webhook, **changes}))


@API.add("DELETE", _ONE, answer=item(WEBHOOK))
def delete_webhook(call: Call) -> Answer:
    webhook = _webhook(call)
    call.store.run("delete from webhooks where id = ?", webhook["id"])
    return ok(shown(webhook))
