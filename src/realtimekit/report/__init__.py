"""A report about a session: one HTML file that opens anywhere, offline, and runs no script.

`realtimekit.report.of(session)` gathers what there is, through the SDK; `.html()` and `.save(path)` write it down. The
page needs the extra `report`; nothing of it is loaded before a page is made.
"""

from __future__ import annotations

from realtimekit.report.gathering import Call, Report, of
from realtimekit.report.people import Person, Stay
from realtimekit.report.series import Plot, Series

__all__ = ["Call", "Person", "Plot", "Report", "Series", "Stay", "of"]
