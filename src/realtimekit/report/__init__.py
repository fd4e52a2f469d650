"""A report about a session: one HTML file that works offline and runs no script.

`realtimekit.report.collect(session)` collects everything about the session through the SDK; `.html()` and
`.save(path)` render it as a page. Rendering needs the extra `report`, which is imported only when a page is made.

Imports go one way: `data` <- `collect`, and `data` <- the views (`conversation`, `timeline`) <- `page`. The public
`session_report` is on top of both.
"""

from __future__ import annotations

from realtimekit.report.attendees import AttendanceInterval, Attendee
from realtimekit.report.data import CallQuality
from realtimekit.report.plot_data import Plot, Series
from realtimekit.report.session_report import SessionReport, collect

__all__ = ["AttendanceInterval", "Attendee", "CallQuality", "Plot", "Series", "SessionReport", "collect"]
