"""Where the API is, for programs that fork."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.transports.loopback import Server

from .mirror import mirror

ROOT = Path(__file__).parents[2]


@pytest.fixture
def api() -> Iterator[Server]:
    with mirror() as server:
        yield server


@pytest.fixture
def environment(api: Server) -> dict[str, str]:
    """Return the environment of a program whose default client uses `api`."""
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return {
        **kept,
        "CLOUDFLARE_API_TOKEN": "token-of-nobody",
        "CLOUDFLARE_ACCOUNT_ID": "acc",
        "REALTIMEKIT_APP_ID": "app",
        "REALTIMEKIT_BASE_URL": f"{api.url}/client/v4",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
    }
