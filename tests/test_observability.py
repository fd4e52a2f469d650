"""Observability of calls over real HTTP."""

from __future__ import annotations

import logging

import pytest

from realtimekit import Attempt, RealtimeKit

from .conftest import Demo


def test_a_download_is_reported_without_its_signature(demo: Demo, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "realtimekit")
    with RealtimeKit(**demo.settings, transport="httpcore2") as client:
        assert client.sessions.find("sess-1").chat.read()
    *_, last = [record.getMessage() for record in caplog.records if record.name == "realtimekit"]
    assert last.startswith("GET http://127.0.0.1:")
    assert " 200 in " in last
    assert "?" not in caplog.text


def test_times_are_those_of_the_call(demo: Demo) -> None:
    told: list[Attempt] = []
    demo.emulator.add_fault(path="*/sessions/sess-1", latency_seconds=0.3, times=1)
    with RealtimeKit(**demo.settings, transport="httpcore2", on_response=told.append) as client:
        client.sessions.find("sess-1")
    (attempt,) = told
    assert attempt.seconds is not None
    assert 0.3 <= attempt.seconds < 20
