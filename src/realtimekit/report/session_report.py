"""The report about a session: collect it, render it as HTML, save it."""

from __future__ import annotations

import os
from collections.abc import Callable

from realtimekit.flow import Sync
from realtimekit.quality.thresholds import Thresholds
from realtimekit.report.collect import collect_data
from realtimekit.report.data import ReportData
from realtimekit.resources.session import Session


class SessionReport(ReportData):
    """A report about a session; its attributes are those of `ReportData`."""

    __slots__ = ()

    def html(self, *, links: bool = False) -> str:
        """Return the report as an HTML page.

        Args:
            links: whether to include the download links of the recordings. Anybody who has the file can use them.

        Raises:
            ImportError: the extra `report` is not installed.
        """
        from realtimekit.report.page import render_page  # jinja2, only where a page is made

        return render_page(self, links=links)

    def save(self, path: str | os.PathLike[str], *, links: bool = False) -> None:
        """Write the HTML page to a file, atomically: an existing file is replaced when the new one is complete.

        Args:
            path: the file to write.
            links: as for `html`.

        Raises:
            ImportError: as for `html`.
            OSError: the file cannot be written.
        """
        from realtimekit.files import write_file

        write_file(path, self.html(links=links).encode())

    def __repr__(self) -> str:  # that of a tuple would show the transcript and the chat
        missing = f" missing={sorted(self.missing)}" if self.missing else ""
        return f"<SessionReport session_id={self.session.id!r} attendees={len(self.attendees)}{missing}>"


def collect(
    session: Session[Sync],
    *,
    quality: bool = True,
    concurrency: int = 4,
    thresholds: Thresholds | None = None,
    progress: Callable[[int, int | None], object] | None = None,
) -> SessionReport:
    """Collect a report: the session, its participants, transcript, chat, summary, recordings, livestreams and quality.

    The requests are those of the SDK's own methods. The peer reports, one for each participant, are by far the largest;
    at most `concurrency` of them are in memory.

    Args:
        session: a session of a sync client.
        quality: whether to request the peer reports.
        concurrency: how many peer reports to request at once, 1 or more.
        thresholds: from where on something is a finding, as for `PeerReport.findings`.
        progress: called with the number of peer reports so far, and their total.

    Raises:
        TypeError: the session is of an async client.
        NotFoundError: the session does not exist.
        AuthenticationError: the token is not valid.
    """
    data = collect_data(session, quality=quality, concurrency=concurrency, thresholds=thresholds, progress=progress)
    return SessionReport._make(data)
