"""The meeting, met once for all the tests that only look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from realtimekit import report
from realtimekit.emulator import Emulator
from realtimekit.report import Report

from .meeting import Met, meet


@pytest.fixture(scope="module")
def met() -> Iterator[Met]:
    with Emulator() as emulator:
        yield meet(emulator)


@pytest.fixture(scope="module")
def made(met: Met) -> Report:
    return report.of(met.session)
