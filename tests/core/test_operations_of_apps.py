"""Presets, webhooks and analytics: the exact request of each operation, and its result for the documented response."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from realtimekit import DecodeError, Preset, Webhook

from .operation import Operation, call, record
from .scripted import Mode, Script, ok
from .shapes import (
    DAYWISE,
    LIVESTREAM_DAY,
    LIVESTREAM_TOTALS,
    PRESET,
    PRESET_IN_LIST,
    PRESET_PARTS,
    WEBHOOK,
)

HOOK: dict[str, Any] = {"name": "test", "url": "https://hooks.test", "events": ["meeting.started"]}
CREATED = {"name": "mine", **PRESET_PARTS}

OPERATIONS: dict[str, Operation] = {
    # presets
    "preset, found": Operation(
        lambda c: c.presets.find("x"), call("GET", "/app/presets/x"), PRESET, seen=record(Preset, PRESET)
    ),
    "preset, typed": Operation(
        lambda c: c.presets.find("x"), call("GET", "/app/presets/x"), PRESET,
        lambda p: (p.config.media.video.frame_rate, p.config.livestream_viewer_qualities,
                   p.permissions.media.screenshare.can_produce, p.permissions.media.video,
                   p.permissions.chat.public.files, p.ui.design_tokens.colors.brand.shade_500,
                   p.ui.design_tokens.colors.background["1000"],
                   p.ui.design_tokens.colors.background.shade_700),
        (30.0, [270, 480], "CAN_REQUEST", None, False, "#55f", "#000", None),
    ),
    "preset, created": Operation(
        lambda c: c.presets.create(**CREATED), call("POST", "/app/presets", CREATED), PRESET,
        seen=record(Preset, PRESET),
    ),
    "preset, updated": Operation(
        lambda c: c.presets.ref("x").update(ui={"design_tokens": {"colors": {"brand": {"500": "#fff"}}}}),
        call("PATCH", "/app/presets/x", {"ui": {"design_tokens": {"colors": {"brand": {"500": "#fff"}}}}}), PRESET,
        seen=record(Preset, PRESET),
    ),
    "preset, replaced": Operation(
        lambda c: c.presets.ref("x").replace(**CREATED), call("PUT", "/app/presets/x", CREATED), PRESET,
        seen=record(Preset, PRESET),
    ),
    "preset, removed": Operation(
        lambda c: c.presets.ref("x").destroy(), call("DELETE", "/app/presets/x"), PRESET, type, type(None)
    ),
    "presets, a page": Operation(
        lambda c: c.presets.where(search="host", per_page=2).page(1),
        call("GET", "/app/presets", search="host", per_page="2", page_no="1"), [PRESET_IN_LIST],
        lambda found: [(p.name, p.config) for p in found], [("group_call_host", None)],
    ),
    # webhooks
    "webhook, found": Operation(
        lambda c: c.webhooks.find("w"), call("GET", "/app/webhooks/w"), WEBHOOK, seen=record(Webhook, WEBHOOK)
    ),
    "webhook, created": Operation(
        lambda c: c.webhooks.create(**HOOK, enabled=False), call("POST", "/app/webhooks", {**HOOK, "enabled": False}),
        WEBHOOK, lambda w: (w.events, w.enabled), (["meeting.started"], None),
    ),
    "webhook, updated": Operation(
        lambda c: c.webhooks.ref("w").update(enabled=True), call("PATCH", "/app/webhooks/w", {"enabled": True}),
        WEBHOOK, seen=record(Webhook, WEBHOOK),
    ),
    "webhook, replaced": Operation(
        lambda c: c.webhooks.ref("w").replace(**HOOK), call("PUT", "/app/webhooks/w", HOOK), WEBHOOK,
        seen=record(Webhook, WEBHOOK),
    ),
    "webhook, removed": Operation(
        lambda c: c.webhooks.ref("w").destroy(), call("DELETE", "/app/webhooks/w"), WEBHOOK, type, type(None)
    ),
    "webhooks, the first": Operation(
        lambda c: c.webhooks.first(), call("GET", "/app/webhooks"), [WEBHOOK, {"id": "other"}],
        seen=record(Webhook, WEBHOOK),
    ),
    "webhooks, how many": Operation(
        lambda c: c.webhooks.count(), call("GET", "/app/webhooks"), [WEBHOOK, {"id": "other"}], int, 2
    ),
    "webhooks, the only page": Operation(lambda c: c.webhooks.page(1), call("GET", "/app/webhooks"), [WEBHOOK], len, 1),
    "webhooks, no second page": Operation(
        lambda c: c.webhooks.page(2), call("GET", "/app/webhooks"), [WEBHOOK], len, 0
    ),
    "webhooks, events": Operation(
        lambda c: c.webhooks.events(), call("GET", "/app/webhooks/all"), ["meeting.started", "meeting.ended"], list,
        ["meeting.started", "meeting.ended"],
    ),
    # analytics
    "analytics, by day": Operation(
        lambda c: c.analytics.daywise(start_date="2023-10-16", end_date=date(2023, 10, 18)),
        call("GET", "/app/analytics/daywise", start_date="2023-10-16", end_date="2023-10-18"), DAYWISE,
        lambda report: (report.session_stats.sessions_minutes_consumed, report.session_stats.day_stats[0].day,
                        report.recording_stats.recording_count, report.recording_stats.day_stats[0].day),
        (243.5, date(2023, 10, 17), 7, date(2023, 10, 16)),
    ),
    "analytics, the last 30 days of another app": Operation(
        lambda c: c.analytics.daywise(app_id="app2"), call("GET", "/app2/analytics/daywise"), {},
        lambda report: report.session_stats, None,
    ),
    "analytics, livestreams by day": Operation(
        lambda c: c.analytics.livestreams_daywise(start_time=datetime(2026, 6, 3, tzinfo=UTC), filters="f"),
        call("GET", "/app/analytics/livestreams/daywise", start_time="1780444800", filters="f"),
        [LIVESTREAM_DAY, {**LIVESTREAM_DAY, "date": None}],
        lambda days: [(day.date, day.count, day.total_viewer_seconds) for day in days],
        [(date(2023, 7, 15), 4, 116.0), (None, 4, 116.0)],
    ),
    "analytics, livestreams": Operation(
        lambda c: c.analytics.livestreams_overall(end_time=date(2026, 6, 3)),
        call("GET", "/app/analytics/livestreams/overall", end_time="1780531199"), LIVESTREAM_TOTALS,
        lambda total: (total.count, total.total_ingest_seconds), (4, 531.0),
    ),
    "analytics, livestreams, the ancestor's answer": Operation(
        lambda c: c.analytics.livestreams_overall(), call("GET", "/app/analytics/livestreams/overall"),
        [LIVESTREAM_DAY], lambda total: total.count, 4,
    ),
}  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_operation(mode: Mode, operation: Operation) -> None:
    operation.check(mode)


def test_webhooks_come_at_once(mode: Mode) -> None:
    script = Script(ok([WEBHOOK, {**WEBHOOK, "id": "other"}]))
    webhooks = mode.client(script).webhooks
    assert [webhook.id for webhook in mode.each(webhooks)] == [WEBHOOK["id"], "other"]
    assert script.call == call("GET", "/app/webhooks")


def test_no_webhook_at_all(mode: Mode) -> None:
    assert mode.each(mode.client(Script(ok([]))).webhooks) == []


@pytest.mark.parametrize("data", [None, {}, "x", [1], [None], [{"name": "meeting.started"}]])
def test_events_without_a_list_of_names_are_a_decode_error(mode: Mode, data: Any) -> None:
    with pytest.raises(DecodeError, match="contains no list of names"):
        mode.get(mode.client(Script(ok(data))).webhooks.events())


@pytest.mark.parametrize("data", [None, "x", 1])
@pytest.mark.parametrize("name", ["daywise", "livestreams_daywise", "livestreams_overall"])
def test_a_report_of_another_shape_is_a_decode_error(mode: Mode, name: str, data: Any) -> None:
    with pytest.raises(DecodeError, match="report"):
        mode.get(getattr(mode.client(Script(ok(data))).analytics, name)())


@pytest.mark.parametrize("data", [[], [LIVESTREAM_DAY, LIVESTREAM_DAY], [1]])
def test_several_totals_are_a_decode_error(mode: Mode, data: Any) -> None:
    with pytest.raises(DecodeError, match="totals"):
        mode.get(mode.client(Script(ok(data))).analytics.livestreams_overall())
