"""Every way to download, and no waiting between attempts."""

from __future__ import annotations

import pytest

from realtimekit import retries

from .storage import Way


@pytest.fixture(params=["httpcore2", "pyreqwest"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def way(request: pytest.FixtureRequest, transport: str) -> Way:
    return Way(transport, request.param)


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "backoff", lambda *_: 0.0)
