"""From a request to its answer: who may ask, which route it is, whether what it carries is right."""

from __future__ import annotations

import hmac
import json
import logging
import math
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from realtimekit.emulator import files
from realtimekit.emulator.control import CONTROL
from realtimekit.emulator.control import PREFIX as CONTROL_PREFIX
from realtimekit.emulator.guard import refuse_foreign
from realtimekit.emulator.operations import API, Call
from realtimekit.emulator.postman import WELL_KNOWN
from realtimekit.emulator.shapes import checked_body, checked_query
from realtimekit.emulator.wire import GatewayRefusal, Refusal, as_json, bad_request, not_found

if TYPE_CHECKING:
    from realtimekit.emulator.emulator import Emulator
    from realtimekit.emulator.wire import Incoming, Outgoing


_logger = logging.getLogger(__name__)


def answer(emulator: Emulator, request: Incoming) -> Outgoing:
    """The answer to a request. Where it is a refusal, nothing was changed."""
    try:
        refuse_foreign(request)
        return _routed(emulator, request)
    except Refusal as refusal:
        return refusal.answer()
    except Exception:
        _logger.exception("%s %s", request.method, request.path)
        return Refusal(500, "the emulator failed; its log says where").answer()


def _routed(emulator: Emulator, request: Incoming) -> Outgoing:
    if request.path == CONTROL_PREFIX or request.path.startswith(CONTROL_PREFIX + "/"):
        route, ids = CONTROL.match(request.method, request.path)
        body = {} if route.body is None else checked_body(route.body, _json(request.body))
        return as_json(200, route.handler(emulator, {**ids, **body}))
    if request.path == WELL_KNOWN and request.method == "GET":
        return as_json(200, emulator.postman.public_key())
    if request.path.startswith(files.PREFIX):
        return emulator.files.serve(request)
    return _api(emulator, request)


def _api(emulator: Emulator, request: Incoming) -> Outgoing:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), emulator.api_token.encode()):
        raise GatewayRefusal(401, 10000, "Authentication error")
    route, ids = API.match(request.method, request.path)
    if ids["account_id"] != emulator.account_id:
        problem = f"Could not route to {request.path}, perhaps your object identifier is invalid?"
        raise GatewayRefusal(404, 7003, problem)
    if "app_id" in ids and emulator.store.row("select 1 from apps where id = ?", ids["app_id"]) is None:
        raise not_found()
    query = checked_query(route.query, parse_qs(request.query, keep_blank_values=True))
    body: dict[str, Any] = {}
    if route.body is not None:
        if request.body and not _is_json(request):
            raise Refusal(415, "BAD_REQUEST: the body must be sent as application/json")
        body = checked_body(route.body, _json(request.body))
    now = emulator.now()
    changes = request.method != "GET" or emulator.agenda.anything(now)
    with emulator.store.transaction() if changes else nullcontext():
        if changes:
            emulator.settle(now)
        origin = f"http://{request.headers.get('host', 'emulator.localhost')}"
        return as_json(route.status, route.handler(Call(emulator, ids, query, body, now, origin)))


def _is_json(request: Incoming) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)  # NaN and Infinity, which Python reads and JSON does not know; 1e999
    return number


def _json(body: bytes) -> Any:
    if not body:
        return {}
    try:
        return json.loads(body, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        raise bad_request("the body is no JSON") from None
