"""Programs that keep every session of an app, each with what it left behind. Each runs in an environment of its own.

A program is a module with `keep`, which fetches all sessions and stores them in a folder, and `held`, which counts what
that folder holds. It is written as users of its libraries would write it.
"""

from __future__ import annotations

from typing import NamedTuple, TypedDict


class Settings(TypedDict):
    """How to reach the app."""

    base_url: str
    api_token: str
    account_id: str
    app_id: str


class Archiver(NamedTuple):
    """A program, and where it is installed."""

    name: str
    module: str  # of this package
    environment: str  # of benchmarks.environments


SCRIPT = "script"
RAW = "script without models of reports"
OURS = "realtimekit[archive]"
FAST = "realtimekit[archive,fast]"
DLT = "dlt"

ARCHIVERS = {
    archiver.name: archiver
    for archiver in (
        Archiver(SCRIPT, "script", "archive-script"),
        Archiver(RAW, "script_raw", "archive-script"),
        Archiver(DLT, "dlt_pipeline", "archive-dlt"),
        Archiver(OURS, "ours", "archive"),
        Archiver(FAST, "ours", "archive-fast"),
    )
}
