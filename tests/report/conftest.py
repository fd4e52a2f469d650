"""One meeting for all tests that only read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from realtimekit import report
from realtimekit.emulator import Emulator
from realtimekit.report import SessionReport

from .meeting import Met, meet


@pytest.fixture(scope="module")
def met() -> Iterator[Met]:
    with Emulator() as emulator:
        yield meet(emulator)


@pytest.fixture(scope="module")
def made(met: Met) -> SessionReport:
    return report.collect(met.session)
