"""The application: the routes of pages and forms, and the error pages."""

from __future__ import annotations

import time
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from realtimekit.archive import Archive
from realtimekit.client import RealtimeKit
from realtimekit.console.console import Console
from realtimekit.console.forms import BadInputError, path_id, read_form
from realtimekit.console.pages import costs, emulator, health, people, session, sessions
from realtimekit.console.view import environment
from realtimekit.errors import APIConnectionError, NotFoundError, RealtimeKitError
from realtimekit.lazy import LazyModule

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias

    from starlette.requests import Request

    from realtimekit.emulator import remote as emulator_remote

    Page: TypeAlias = Callable[[Console, Request], Response]
    Form: TypeAlias = Callable[[Console, Request, dict[str, str]], Response]
else:
    emulator_remote = LazyModule("realtimekit.emulator.remote")  # they share only HTTP

STATIC = {
    "report.css": ("realtimekit.report", "style.css", "text/css"),
    "console.css": ("realtimekit.console", "static/console.css", "text/css"),
    "app.js": ("realtimekit.console", "static/app.js", "text/javascript"),
    "icon.svg": ("realtimekit.console", "static/icon.svg", "image/svg+xml"),
}
PAGES: dict[str, Page] = {
    "/": sessions.index,
    "/search": sessions.search,
    "/sessions/{session_id}": session.show,
    "/sessions/{session_id}/quality": session.quality,
    "/people": people.index,
    "/person": people.show,
    "/costs": costs.costs,
    "/attendance": costs.attendance,
    "/health": health.show,
    "/emulator": emulator.index,
    "/emulator/meetings/{meeting_id}": emulator.meeting,
    "/emulator/requests": emulator.requests,
    "/emulator/faults": emulator.faults,
    "/emulator/webhooks": emulator.webhooks,
}
FORMS: dict[str, Form] = {
    "/health": health.verify,
    "/emulator/clock": emulator.clock,
    "/emulator/reset": emulator.reset,
    "/emulator/meetings": emulator.create_meeting,
    "/emulator/meetings/{meeting_id}": emulator.act,
    "/emulator/meetings/{meeting_id}/participants": emulator.add_participant,
    "/emulator/faults": emulator.change_faults,
    "/emulator/webhooks": emulator.change_webhooks,
}


def create_app(
    client: RealtimeKit, *, archive: Archive | None = None, control: emulator_remote.RemoteEmulator | None = None
) -> Starlette:
    """Return the console as a Starlette application. It is protected only when `Server` serves it.

    Args:
        client: a sync client of the API, of an emulator, or of an archive; it is the caller's to close.
        archive: the archive that the client reads, if it does.
        control: the control plane of the emulator that the client uses, if it does.

    Raises:
        ImportError: the extra `console` is not installed.
    """
    environment()  # raises before the first page
    console = Console(client, archive=archive, emulator=control)
    app = Starlette(
        routes=[
            *(Route(path, _page(console, page)) for path, page in PAGES.items()),
            *(Route(path, _form(console, page), methods=["POST"]) for path, page in FORMS.items()),
            Route("/recordings/{recording_id}/{which}", _page(console, _recording)),
            Route("/static/{name}", _static),
        ],
        exception_handlers={HTTPException: partial(_refused, console), 500: partial(_failed, console)},
    )
    app.state.console = console
    return app


def _page(console: Console, page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        return await run_in_threadpool(_respond, console, request, partial(page, console, request))

    return respond


def _form(console: Console, page: Form) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        try:
            fields = await read_form(request, request.app.state.form_token)
        except BadInputError as error:
            return _problem(console, request, error.status, str(error))
        return await run_in_threadpool(_respond, console, request, partial(page, console, request, fields))

    return respond


def _respond(console: Console, request: Request, page: Callable[[], Response]) -> Response:
    """Return a page with how long it took, or one that says what is wrong."""
    started = time.perf_counter()
    try:
        response = page()
    except BadInputError as error:
        response = _problem(console, request, error.status, str(error))
    except NotFoundError as error:
        response = _problem(console, request, 404, str(error))
    except APIConnectionError as error:
        response = _problem(console, request, 502, f"The server cannot be reached: {error}")
    except RealtimeKitError as error:
        response = _problem(console, request, 502, str(error))
    except Exception as error:
        status = console.refusal_status(error)
        if status is None:
            raise
        response = _problem(console, request, status, str(error))
    response.headers["server-timing"] = f"page;dur={(time.perf_counter() - started) * 1000:.1f}"
    return response


def _problem(console: Console, request: Request, status: int, text: str) -> Response:
    return console.render(request, "problem.html", status, status=status, text=text)


async def _refused(console: Console, request: Request, error: Any) -> Response:
    texts = {404: "There is no such page.", 405: "This page does not allow this method."}
    response = _problem(console, request, error.status_code, texts.get(error.status_code, str(error.detail)))
    response.headers.update(error.headers or {})
    return response


async def _failed(console: Console, request: Request, _: Any) -> Response:
    return _problem(console, request, 500, "This page failed. The error is in the terminal where the console runs.")


def _recording(console: Console, request: Request) -> Response:
    recording_id, which = path_id(request, "recording_id"), request.path_params["which"]
    return console.media.respond(recording_id, which, request.headers.get("range"))


async def _static(request: Request) -> Response:
    found = STATIC.get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    package, path, media_type = found
    content = files(package).joinpath(*path.split("/")).read_bytes()
    return Response(content, media_type=media_type, headers={"cache-control": "no-cache"})
