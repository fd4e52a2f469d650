"""The health of an archive: what is proven, waiting and at risk; and its verification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from realtimekit.console.forms import BadInputError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from realtimekit.archive import Archive
    from realtimekit.console.console import Console


def show(console: Console, request: Request) -> Response:
    """The state of the archive."""
    status = _archive(console).status()
    return console.render(request, "health.html", status=status, verifier=console.verifier)


def verify(console: Console, _: Request, fields: dict[str, str]) -> Response:
    """Begin to verify: only the storage is read."""
    console.verifier.start(_archive(console), deep="deep" in fields)
    return RedirectResponse("/health#verification", 303)


def _archive(console: Console) -> Archive:
    if console.archive is None:
        raise BadInputError("This page needs an archive: realtimekit console --archive TARGET", 404)
    return console.archive
