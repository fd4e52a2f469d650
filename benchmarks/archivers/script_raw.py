"""The same script after a look at where its time goes: the reports of call quality without the package's models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.archivers import script

if TYPE_CHECKING:
    from benchmarks.archivers import Settings

held = script.held


class RawScript(script.Script):
    def report(self, peer_id: str) -> tuple[str, script.Samples]:
        get = self.kit.sessions.with_raw_response.get_participant_data_from_peer_id
        report: str = get(peer_id, **self.ids, include_peer_events=True).text()
        return report, json.loads(report)["data"]["participant"]["peer_report"]["quality"]


def keep(settings: Settings, folder: str) -> None:
    script.keep(settings, folder, RawScript)
