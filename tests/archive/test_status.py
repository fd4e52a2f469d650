"""The state of an archive at a glance: for people, as JSON, and for Prometheus."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

from realtimekit.emulator import Emulator
from tests.cli.command import environment, invoke, invoke_ok

from .worlds import DAY, HOUR, World

SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>[^{}]*)\})? (?P<value>[^ ]+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def parse(text: str) -> dict[str, dict[str, float]]:
    """Parse the text format of Prometheus, as strictly as its documentation has it."""
    assert text.endswith("\n")
    families: dict[str, dict[str, float]] = {}
    typed: dict[str, str] = {}
    helped: set[str] = set()
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            assert name not in helped
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in typed
            assert name not in families
            typed[name] = kind
        else:
            found = SAMPLE.fullmatch(line)
            assert found, line
            labels = found["labels"] or ""
            assert LABEL.sub("", labels) == ""
            family = families.setdefault(found["name"], {})
            assert labels not in family
            family[labels] = float(found["value"])
    assert families.keys() <= typed.keys() == helped
    assert set(typed.values()) == {"gauge"}
    return families


def test_of_an_archive_at_work(tmp_path: object) -> None:
    with Emulator() as emulator:
        world = World(emulator, f"{tmp_path}/archive")
        world.hold("Ann", minutes=1)
        world.wait(DAY)
        late = world.hold("Max", minutes=1)
        world.fail(f"/{late.session_id}/transcript", status=404)
        world.wait(1800)
        live = world.start("Zoe")
        world.sync()
        now = datetime.fromisoformat(emulator.now())

        status = world.archive.status(now)
        assert (status.sessions, status.waiting, status.live) == (2, 1, 1)
        assert status.at_risk == []
        assert status.next_deadline is not None
        assert timedelta(days=6, hours=23) < status.next_deadline - now < timedelta(days=7)
        assert status.unproven_seconds is not None
        assert 900 <= status.unproven_seconds < 1000
        assert status.bytes == world.archive.verify().bytes
        assert status.artifacts == world.archive.verify().artifacts
        later = world.archive.status(now + timedelta(days=6, hours=12))
        assert later.at_risk == [late.session_id]
        assert live.session_id not in later.at_risk

        printed = json.loads(invoke_ok("archive", "status", world.archive.target, "--json", env=environment()))
        assert printed["sessions"] == 2
        assert printed["artifacts"] == status.artifacts
        # This machine's clock is a day behind the server's: what the server said last counts.
        assert 900 <= printed["unproven_seconds"] < 1000

        metrics = parse(invoke_ok("archive", "status", world.archive.target, "--prometheus", env=environment()))
        assert metrics["realtimekit_archive_sessions"] == {"": 2}
        assert metrics["realtimekit_archive_sessions_live"] == {"": 1}
        assert metrics["realtimekit_archive_artifacts"]['state="PENDING"'] >= 1
        assert metrics["realtimekit_archive_next_deadline_timestamp_seconds"][""] == status.next_deadline.timestamp()

        text = invoke_ok("archive", "status", world.archive.target, env=environment(REALTIMEKIT_ARCHIVE="/nowhere"))
        assert "2 sessions" in text
        assert "Live: 1 session\n" in text
        assert invoke_ok("archive", "status", env=environment(REALTIMEKIT_ARCHIVE=world.archive.target)) == text
        world.wait(HOUR)


def test_of_a_new_archive(tmp_path: object) -> None:
    with Emulator() as emulator:
        world = World(emulator, f"{tmp_path}/archive")
        world.sync()
        status = world.archive.status()
        assert (status.sessions, status.waiting, status.live, status.artifacts) == (0, 0, 0, {})
        parse(status.to_prometheus())
        assert world.archive.verify().ok


def test_of_no_archive(tmp_path: object) -> None:
    assert invoke("archive", "status", env=environment()).exit_code == 2
    result = invoke("archive", "status", f"{tmp_path}/none", env=environment())
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
