"""`Console`: what the pages share: the client, the archive, and the emulator."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse

from realtimekit.console.lists import SessionQuery
from realtimekit.console.live_lists import LiveLists
from realtimekit.console.media import Media
from realtimekit.console.verifier import Verifier
from realtimekit.console.view import compile_templates, environment

if TYPE_CHECKING:
    from starlette.requests import Request

    from realtimekit import RealtimeKit
    from realtimekit.archive import Archive
    from realtimekit.console.archive_lists import ArchiveLists
    from realtimekit.console.lists import SessionLists
    from realtimekit.emulator.remote import RemoteEmulator


class Console:
    """What the pages share.

    Attributes:
        client: of the API, of an emulator, or of the archive.
        archive: what the client reads, if it is an archive.
        tables: the lists of the archive.
        emulator: the control plane, if the client's API is an emulator's.
        lists: where the list of sessions comes from.
        verifier: verifies the archive.
        media: the files of recordings.

    Args:
        client: a sync client; it is the caller's to close.
        archive: the archive that the client reads, if it does.
        emulator: the control plane of the emulator that the client uses, if it does.
    """

    def __init__(
        self, client: RealtimeKit, *, archive: Archive | None = None, emulator: RemoteEmulator | None = None
    ) -> None:
        self.client = client
        self.archive = archive
        self.emulator = emulator
        self.media: Media = Media(client)
        self.tables: ArchiveLists | None = None
        if archive is not None:
            from realtimekit.console.archive_lists import ArchiveLists  # duckdb, only for an archive

            self.tables = ArchiveLists(archive)
        self.lists: SessionLists = self.tables or LiveLists(client)
        self.verifier: Verifier = Verifier()
        self._notices: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def load(self) -> None:
        """Load the archive, its search index and the templates, which takes seconds, before the first request.

        Raises:
            ArchiveError: the archive cannot be read.
        """
        compile_templates()
        if self.tables is None or self.archive is None:
            return
        self.tables.sessions(SessionQuery())
        self.client.sessions.first()
        self.archive.search("realtimekit")  # brings the index up to date

    @property
    def where(self) -> str:
        """What the pages show, in a few words."""
        if self.archive is not None:
            return f"archive {self.archive.target}"
        settings = self.client.settings
        return f"{'emulator' if self.emulator else 'app'} {settings.app_id}"

    def notify(self, text: str, kind: str = "good") -> None:
        """Show a text on the next page.

        Args:
            text: what happened.
            kind: "good" or "severe".
        """
        with self._lock:
            self._notices.append((kind, text))

    def render(self, request: Request, template: str, code: int = 200, **context: Any) -> HTMLResponse:
        """Return a page.

        Args:
            request: what it responds to.
            template: its name.
            code: the status of the response.
            context: what the template needs.
        """
        with self._lock:
            notices, self._notices = self._notices, []
        html = (
            environment()
            .get_template(template)
            .render(
                console=self, path=request.url.path, form_token=request.app.state.form_token, notices=notices, **context
            )
        )
        # Text from outside may hold halves of characters.
        return HTMLResponse(html.encode("utf-8", "replace"), code)

    def refusal_status(self, error: Exception) -> int | None:
        """Return the status of a page for what the emulator refuses; None for any other error."""
        if self.emulator is None:
            return None
        from realtimekit.emulator.http import HTTPError

        return error.status if isinstance(error, HTTPError) else None
