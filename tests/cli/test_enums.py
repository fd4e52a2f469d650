"""Enum options: known values are offered, others refused, and newer ones can be sent with a prefix."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.cli.enums import OpenEnum

from .command import error_line, invoke, invoke_ok, usage_error
from .conftest import Served

UNKNOWN = "00000000-0000-4000-8000-000000000000"
STATUSES = ("INVOKED", "RECORDING", "PAUSED", "UPLOADING", "UPLOADED", "ERRORED")
OPTIONS: list[tuple[tuple[str, ...], str, tuple[str, ...]]] = [
    (("meetings", "list"), "--status", ("ACTIVE", "INACTIVE")),
    (("meetings", "update", UNKNOWN), "--status", ("ACTIVE", "INACTIVE")),
    (("sessions", "list"), "--status", ("LIVE", "ENDED")),
    (("sessions", "download", UNKNOWN), "--transcript-format", ("CSV", "JSON", "SRT", "VTT")),
    (("recordings", "list"), "--status", STATUSES),
    (("recordings", "wait", UNKNOWN), "--until", STATUSES),
    (("livestreams", "list"), "--status", ("LIVE", "IDLE", "ERRORED", "INVOKED")),
]
each_option = pytest.mark.parametrize(("command", "option", "values"), OPTIONS, ids=lambda value: "-".join(value[:2]))


@each_option
def test_known_values_are_offered_and_others_refused(
    served: Served, command: tuple[str, ...], option: str, values: tuple[str, ...]
) -> None:
    assert f"{option} {'|'.join(values)}" in " ".join(invoke_ok(*command[:2], "--help", env=served.env).split())
    line = usage_error(*command, option, "ASLEEP", env=served.env)
    assert line.endswith(f"'{option}': 'ASLEEP' is not one of {', '.join(values)} (raw:ASLEEP sends it unchanged)")
    misspelt = f"{values[-1]}S"
    assert f"; did you mean {values[-1]}?" in usage_error(*command, option, misspelt, env=served.env)
    assert served.emulator.requests() == []


@pytest.mark.parametrize(("group", "known"), [("meetings", "active"), ("sessions", "Live"), ("recordings", "paused")])
def test_case_does_not_matter(served: Served, group: str, known: str) -> None:
    invoke_ok(group, "list", "--status", known, env=served.env)
    assert f"status={known.upper()}" in served.emulator.requests()[-1]["query"]


@pytest.mark.parametrize("group", ["meetings", "sessions", "recordings", "livestreams"])
def test_a_value_that_is_newer_than_this_version_is_sent(served: Served, group: str) -> None:
    line = error_line(group, "list", "--status", "raw:Archived", env=served.env)
    assert "must be one of" in line  # the emulator does not know it either
    assert "status=Archived" in served.emulator.requests()[-1]["query"]


def test_the_raw_prefix_alone_is_refused(served: Served) -> None:
    for value in ("raw:", "", "raw"):
        assert "is not one of" in usage_error("sessions", "list", "--status", value, env=served.env)


def test_waiting_for_a_misspelled_status_ends_at_once(served: Served) -> None:
    result = invoke("recordings", "wait", UNKNOWN, "--until", "UPLODED", env=served.env)
    assert result.exit_code == 2
    assert served.emulator.requests() == []


@given(st.text(max_size=12))
def test_any_text(text: str) -> None:
    option_type = OpenEnum("recording.RecordingStatus")
    try:
        found = option_type.convert(text, None, None)
    except click.BadParameter:
        assert text.upper() not in STATUSES
        assert not text.startswith("raw:") or text == "raw:"
    else:
        assert found in STATUSES or text == f"raw:{found}"
