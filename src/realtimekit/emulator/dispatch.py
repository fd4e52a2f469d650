"""Dispatch: from a request to its route, its handler and its response."""

from __future__ import annotations

import hmac
import json
import logging
import math
import time
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from realtimekit.emulator import control, operations
from realtimekit.emulator.context import Context
from realtimekit.emulator.faults import with_headers
from realtimekit.emulator.host_check import check_host_and_origin
from realtimekit.emulator.http import (
    GatewayError,
    HTTPError,
    Response,
    UpgradeError,
    bad_request,
    is_json,
    json_response,
    not_found,
)
from realtimekit.emulator.routes import API, CONTROL, CONTROL_PREFIX
from realtimekit.emulator.schema import STRING, validate_body, validate_query
from realtimekit.emulator.services.agent_socket import ABNORMAL
from realtimekit.emulator.services.agents import AGENTS_PATH, SUBPROTOCOL
from realtimekit.emulator.services.files import FILES_PREFIX
from realtimekit.emulator.services.webhook_dispatcher import WELL_KNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from realtimekit.emulator.http import JSON, Request
    from realtimekit.emulator.routes import Handler, Route
    from realtimekit.emulator.services import Services
    from realtimekit.emulator.services.agent_socket import AgentSocket
    from realtimekit.emulator.world import World

HANDLERS = (control, operations)  # importing them declares the routes

_logger = logging.getLogger(__name__)


class Dispatcher:
    def __init__(self, world: World, services: Services) -> None:
        self._world = world
        self._services = services

    def handle(self, request: Request) -> Response:
        """Answer one request. Requests are handled one at a time, from any thread."""
        error = UpgradeError if request.path == AGENTS_PATH else HTTPError
        return self._with_faults(request, lambda: self._route(request), error)

    def _with_faults(self, request: Request, carry_out: Callable[[], Response], error: type[HTTPError]) -> Response:
        """Return the response of `carry_out`, unless a fault applies; errors of faults have the form of `error`."""
        with self._world.lock:
            started = time.perf_counter()
            if request.path.startswith(CONTROL_PREFIX):
                response = self._respond(request, carry_out)
            else:
                now = self._world.clock.now()
                response = self._services.faults.handle(request, lambda: self._respond(request, carry_out), now, error)
                seconds = time.perf_counter() - started
                self._services.request_log.add(request, response, at=self._world.now(), seconds=seconds)
            # The emulator's own time, advanced or not: clients compare it with the expiry of links.
            date = format_datetime(self._world.clock.now(), usegmt=True)
            return with_headers(response, {"date": date, **response.headers})

    def upgrade(self, request: Request) -> tuple[Response, AgentSocket | None]:
        """Respond to a WebSocket upgrade, from any thread.

        Returns the response, and the connection of the agent if it was accepted: then the status is 101.
        """
        if request.path != AGENTS_PATH:
            return self.handle(request), None
        accepted: list[AgentSocket] = []

        def connect() -> Response:
            with self._world.transaction() as now:
                socket = self._services.agents.connect(request, now)
            accepted.append(socket)
            return Response(101, {"sec-websocket-protocol": SUBPROTOCOL}, b"")

        response = self._with_faults(request, connect, UpgradeError)
        if response.status == 101:
            return response, accepted[0]
        for socket in accepted:  # it was carried out, but a fault has replaced the response
            socket.close(ABNORMAL)
        return response, None

    def call(self, handler: Handler, path_params: Mapping[str, str], body: Mapping[str, Any]) -> JSON:
        """Call the handler of a control route from Python, validated as its requests are.

        Raises:
            HTTPError: it is refused. Nothing has changed then.
        """
        path_params = {name: STRING.validate(name, value) for name, value in path_params.items()}
        return self._run(CONTROL.of(handler), path_params, {}, body, self._world.origin)

    def _respond(self, request: Request, carry_out: Callable[[], Response]) -> Response:
        """Return the response; an error response where nothing was changed."""
        try:
            check_host_and_origin(request)
            return carry_out()
        except HTTPError as error:
            return error.response()
        except Exception:
            _logger.exception("%s %s", request.method, request.path)
            return HTTPError(500, "the emulator failed; its log says where").response()

    def _route(self, request: Request) -> Response:
        if request.path == CONTROL_PREFIX or request.path.startswith(CONTROL_PREFIX + "/"):
            route, path_params = CONTROL.match(request.method, request.path)
        elif request.path == WELL_KNOWN and request.method == "GET":
            return json_response(200, self._services.webhooks.public_key())
        elif request.path == AGENTS_PATH:
            raise UpgradeError(400, "this is a WebSocket: the request must ask for an upgrade")
        elif request.path.startswith(FILES_PREFIX):
            return self._services.files.serve(request)
        else:
            self._check_token(request)
            route, path_params = API.match(request.method, request.path)
            self._check_account(request, path_params)
        query = parse_qs(request.query, keep_blank_values=True)
        body = None if route.body is None else _decode(request)
        origin = f"http://{request.headers.get('host', 'emulator.localhost')}"
        return json_response(route.status, self._run(route, path_params, query, body, origin))

    def _run(
        self, route: Route, path_params: Mapping[str, str], query: Mapping[str, list[str]], body: Any, origin: str
    ) -> JSON:
        """Validate what a route takes, and call its handler: in a transaction, unless it only reads."""
        query = validate_query(route.query, query)
        body = {} if route.body is None else validate_body(route.body, body)

        def call(now: str) -> JSON:
            return route.handler(Context(self._world, self._services, path_params, query, body, now, origin))

        with self._world.lock:
            now = self._world.now()
            if route.method == "GET" and not self._world.scheduler.has_due(now):
                return call(now)
            with self._world.transaction() as now:
                return call(now)

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        expected = self._world.credentials.api_token
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), expected.encode()):
            raise GatewayError(401, 10000, "Authentication error")

    def _check_account(self, request: Request, path_params: Mapping[str, str]) -> None:
        if path_params["account_id"] != self._world.credentials.account_id:
            problem = f"Could not route to {request.path}, perhaps your object identifier is invalid?"
            raise GatewayError(404, 7003, problem)
        if "app_id" in path_params:
            app = self._world.store.row("select 1 from apps where id = ?", path_params["app_id"])
            if app is None:
                raise not_found()


def _decode(request: Request) -> Any:
    """Return the decoded body of a request; an empty one is an empty object."""
    if not request.body:
        return {}
    if not is_json(request):
        raise HTTPError(415, "BAD_REQUEST: the body must be sent as application/json")
    try:
        return json.loads(request.body, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        raise bad_request("the body is not JSON") from None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)  # NaN, Infinity and 1e999, which Python reads and JSON does not have
    return number
