"""`realtimekit sessions quality`: measurements with their units, and findings by event."""

from __future__ import annotations

import json
import re

from tests.conftest import Demo

from .command import environment, invoke_ok


def quality(demo: Demo, *options: str, columns: int = 200) -> str:
    env = environment(**demo.environment, COLUMNS=str(columns))
    return invoke_ok("sessions", "quality", "sess-1", *options, env=env)


def test_findings_are_grouped_by_event_with_the_details_below(demo: Demo) -> None:
    table = quality(demo)
    peers = json.loads(quality(demo, "--json"))["participants"]
    found = [(peer["display_name"], finding) for peer in peers for finding in peer["findings"]]
    count, lines = re.search(r"^Findings: (\d+) *$", table, re.MULTILINE), table.splitlines()
    assert count is not None
    assert int(count[1]) == len(found) < 10, "not one for each of some twenty measurements of a bad minute"
    (alice,) = [finding for name, finding in found if name == "Alice" and finding["details"]]
    event = next(number for number, line in enumerate(lines) if "Alice's network was bad from " in line)
    assert lines[event].rstrip() == f" severe    Alice's {alice['text'].removeprefix('the ')}"
    assert lines[event].rstrip().endswith(" UTC: audio and video, sent and received")
    below = [line.split(maxsplit=1) for line in lines[event + 1 : event + 1 + len(alice["details"])]]
    assert [[severity, text.rstrip()] for severity, text in below] == [
        [detail["severity"], f"- {detail['text']}"] for detail in alice["details"]
    ]


def test_every_number_has_a_unit(demo: Demo) -> None:
    words = " ".join(quality(demo).split())
    for header in (
        "MOS, mean",
        "MOS, 10th percentile",
        "packets lost, %",
        "round-trip time, ms, 90th percentile",
        "jitter, ms, 90th percentile",
    ):
        assert header in words
    assert re.search(r"audio received had \d+ gaps a minute concealed between", words)
    names = quality(demo, "--csv").splitlines()[0].split(",")
    assert names == [
        "peer_id",
        "display_name",
        "direction",
        "media",
        "mos_avg",
        "mos_p10",
        "lost_percent",
        "rtt_ms_p90",
        "jitter_ms_p90",
        "packets",
    ]


def test_a_narrow_terminal_has_a_table_too(demo: Demo) -> None:
    table = quality(demo, columns=80)
    assert all(len(line) <= 80 for line in table.splitlines())
    assert re.search(r"^ Alice +sent +audio +\d", table, re.MULTILINE)
