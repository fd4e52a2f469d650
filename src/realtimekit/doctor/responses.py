"""What an error response says about the token, its permission, the account and the app.

Cloudflare documents that account ids have 32 characters, and that `GET /user/tokens/verify` and
`GET /accounts/{account_id}/tokens/verify` tell whether a token is valid. It does not document the error codes of its
gateway. Observed were 10000 and 9109 for a token that is invalid or lacks a permission, 6003 for a malformed header,
and 7000 and 7003 for an id that matches no route. Conclusions from these codes alone are worded "most likely".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from realtimekit.doctor.problem import Problem
from realtimekit.error_responses import error_from, is_error, sanitize
from realtimekit.errors import APIConnectionError
from realtimekit.paths import encode_segment
from realtimekit.responses import unwrap, unwrap_list
from realtimekit.settings import BASE_URL, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from realtimekit.interfaces import Response
    from realtimekit.settings import Settings

TOKENS = "https://dash.cloudflare.com/profile/api-tokens"
NEW_TOKEN = f"make a new token at {TOKENS} and copy all of it into CLOUDFLARE_API_TOKEN"
GRANT_PERMISSION = (
    'give the token the permission "Realtime" or "Realtime Admin" (or make a new one that has it): ' + TOKENS
)
INCLUDE_ACCOUNT = "include this account in the token's account resources, on the same page"
ENABLE = "or RealtimeKit is not enabled for this account: enable it in the dashboard (Realtime)"
WAIT = "or the token is new: a new token may take some seconds to work, so try again"
COPY_ACCOUNT_ID = (
    "copy the account id from the dashboard (https://dash.cloudflare.com/<account id>) into CLOUDFLARE_ACCOUNT_ID"
)

EMULATOR_PRINTS = "the emulator prints {} when it starts: copy all four export lines of one emulator"
PATH = urlsplit(BASE_URL).path

NO_PERMISSION = "most likely it lacks the permission for RealtimeKit"

MALFORMED_TOKEN = {6003, 6111}
REJECTED = {10000, 9109}
NO_ROUTE = {7000, 7003}
MAX_LISTED = 5


class CallResult(NamedTuple):
    """A request and its response, with the decoded body.

    Attributes:
        call: the request, e.g. "GET /apps".
        response: the response.
        body: its decoded body.
    """

    call: str
    response: Response
    body: Any

    @property
    def failed(self) -> bool:
        """Whether it is an error, or not an object."""
        return is_error(self.response, self.body) or not isinstance(self.body, dict)

    @property
    def codes(self) -> set[Any]:
        """The error codes in its body, including those of an `error_chain`."""
        if not isinstance(self.body, dict):
            return set()
        errors = self.body.get("errors")
        pending: list[Any] = [self.body.get("error"), *(errors if isinstance(errors, list) else [])]
        found: set[Any] = set()
        while pending:
            if isinstance(node := pending.pop(), dict):
                found |= {code for code in [node.get("code")] if isinstance(code, int)}
                pending += chain if isinstance(chain := node.get("error_chain"), list) else []
        return found

    @property
    def evidence(self) -> str:
        """The error message, for `Problem.evidence`."""
        method, _, path = self.call.partition(" ")
        words = str(error_from(self.response, self.body, method, path)).partition("; ")[0]
        ray = self.response.headers.get("cf-ray")
        return sanitize(f"{words} (cf-ray {ray})" if ray else words)


def diagnose_account(result: CallResult, settings: Settings, get: Callable[[str], CallResult]) -> Problem | None:
    """Return the problem behind an error of `GET /apps`, which does not depend on the app."""
    status, codes = result.response.status, result.codes
    if problem := _wrong_path(result, settings.base_url) or _not_the_api(result, settings.base_url):
        return problem
    if codes & MALFORMED_TOKEN:
        message = "the server says that the token is malformed: most likely it is incomplete, or an API key"
        return Problem("token", message, _new_token(settings), result.evidence)
    if status in {401, 403} or codes & REJECTED:
        problem = _diagnose_token(result, settings, get)
        if status == 403 and problem.kind == "permission":  # real accounts refused every call for these reasons
            return problem._replace(fixes=(*problem.fixes, ENABLE, WAIT))
        return problem
    if status in {400, 404} or codes & NO_ROUTE:
        return _wrong_account(result, settings)
    return _unexpected(result)


def _diagnose_token(result: CallResult, settings: Settings, get: Callable[[str], CallResult]) -> Problem:
    """Ask Cloudflare whether the token is valid; if it is, it lacks the permission or is of another account."""
    account_id = settings.required("account_id")
    verification: CallResult | None = None
    for path in (f"/accounts/{encode_segment('account_id', account_id)}/tokens/verify", "/user/tokens/verify"):
        verification = _try_get(get, path)
        if verification is None or verification.failed:
            continue
        state = unwrap(verification.body)
        status = state.get("status") if isinstance(state, dict) else None
        if status != "active":
            message = f"according to Cloudflare, the token is {sanitize(str(status))}"
            return Problem("token", message, _new_token(settings), result.evidence)
        if path.startswith("/accounts"):  # it is a token of this account
            message = f"the token is valid and belongs to this account: {NO_PERMISSION}"
            return Problem("permission", message, (GRANT_PERMISSION,), result.evidence)
        return _diagnose_valid_token(result, settings, _try_get(get, "/accounts"))
    if result.response.status == 403 and verification is not None and verification.response.status == 404:
        message = "the token itself was not rejected: most likely it lacks the permission, or may not use this account"
        return Problem("permission", message, (GRANT_PERMISSION, INCLUDE_ACCOUNT, COPY_ACCOUNT_ID), result.evidence)
    if is_cloudflare(settings.base_url) and str(settings.api_token).startswith("emulator-"):
        message = "the token is from an emulator, but the request went to Cloudflare"
        address = "also set REALTIMEKIT_BASE_URL: the emulator prints it when it starts"
        return Problem("token", message, (address, NEW_TOKEN), result.evidence)
    message = "the token is not accepted: most likely it is mistyped, deleted or expired"
    if _is_local(settings.base_url):
        message = "the token is not accepted: most likely the emulator printed another one"
    fixes = (*_new_token(settings), "check that CLOUDFLARE_API_TOKEN is set to the token that you mean")
    if result.response.status == 403:
        fixes = (*fixes, WAIT)
    return Problem("token", message, fixes, result.evidence)


def _new_token(settings: Settings) -> tuple[str, ...]:
    return (EMULATOR_PRINTS.format("its token") if _is_local(settings.base_url) else NEW_TOKEN,)


def _diagnose_valid_token(result: CallResult, settings: Settings, accounts: CallResult | None) -> Problem:
    """Return the problem of a valid token of a user, by the accounts that it has access to, if it may list them."""
    account_id = settings.required("account_id")
    listed = unwrap_list(accounts.body) if accounts is not None and not accounts.failed else None
    ids = [str(each.get("id", "")) for each in listed or []]
    if account_id in ids:
        message = f"the token is valid and has access to this account: {NO_PERMISSION}"
        return Problem("permission", message, (GRANT_PERMISSION,), result.evidence)
    if ids or _is_unusual_account_id(settings):
        return _wrong_account(result, settings, ids)
    message = f"the token is valid: {NO_PERMISSION}, or access to this account"
    return Problem("permission", message, (GRANT_PERMISSION, INCLUDE_ACCOUNT, COPY_ACCOUNT_ID), result.evidence)


def _wrong_account(result: CallResult, settings: Settings, ids: list[str] | None = None) -> Problem:
    hint = ""
    if settings.account_id == settings.app_id:
        hint = "; account_id and app_id are the same"
    elif _is_unusual_account_id(settings):
        hint = "; Cloudflare's account ids are 32 hexadecimal digits"
    where = EMULATOR_PRINTS.format("its account id") if _is_local(settings.base_url) else COPY_ACCOUNT_ID
    fixes = [where, "check that account_id and app_id are not mixed up"]
    if ids:
        fixes.insert(0, f"the token has access to these accounts: {_join(ids)}")
    message = f"account_id is most likely wrong, or the token has no access to it{hint}"
    return Problem("account", message, tuple(fixes), result.evidence)


def _is_unusual_account_id(settings: Settings) -> bool:
    """Return whether Cloudflare would not have such an account id; an emulator accepts any."""
    return is_cloudflare(settings.base_url) and not re.fullmatch(r"[0-9a-fA-F]{32}", settings.account_id or "")


def diagnose_app(result: CallResult, app_id: str, apps: list[dict[str, Any]]) -> Problem:
    """Return the problem behind an error of `GET /apps/{app_id}`, after `GET /apps` succeeded."""
    status = result.response.status
    if status in {400, 404} or result.codes & NO_ROUTE:
        names = [f"{each.get('id')} ({each.get('name')})" for each in apps]
        fixes = (
            [f"the account has these apps: {_join(names)}; set REALTIMEKIT_APP_ID to the id of one"] if names else []
        )
        if not names:
            fixes.append("the account has no app: create one in the dashboard (Realtime), or with App.create(name=...)")
        fixes.append("if the app belongs to another account, set CLOUDFLARE_ACCOUNT_ID to that account")
        return Problem("app", f"most likely this account has no app {sanitize(app_id)}", tuple(fixes), result.evidence)
    if status in {401, 403} or result.codes & REJECTED:
        message = "the token may read the account's apps, but not this one: most likely a permission is missing"
        return Problem("permission", message, (GRANT_PERMISSION, "check REALTIMEKIT_APP_ID"), result.evidence)
    return _unexpected(result)


def diagnose_meetings(result: CallResult, app_id: str, apps: list[dict[str, Any]]) -> Problem:
    """Return the problem behind an error of `GET /{app_id}/meetings`, after the app was found."""
    problem = diagnose_app(result, app_id, apps)
    if problem.kind == "permission":
        message = "the token may read the app, but not its meetings: most likely a permission is missing"
        return problem._replace(message=message, fixes=(GRANT_PERMISSION,))
    return problem


def wrong_base_path(base_url: str) -> tuple[str, str] | None:
    """Return what is unusual about the path of a base URL, and the usual URL; None if the path is that of the API."""
    path = urlsplit(base_url).path
    if path == PATH:
        return None
    usual = BASE_URL if is_cloudflare(base_url) else sanitize(_origin(base_url)) + PATH
    return f"ends in {sanitize(path)}" if path else "has no path", usual


def _wrong_path(result: CallResult, base_url: str) -> Problem | None:
    """Return the problem if the host is right, but not the path.

    Another path on another host may be a custom proxy; if it responds with the gateway's codes, the path is right.
    """
    wrong, at_cloudflare = wrong_base_path(base_url), is_cloudflare(base_url)
    not_found = result.response.status in {400, 404} and not result.codes & (NO_ROUTE | MALFORMED_TOKEN)
    if wrong is None or not (at_cloudflare or not_found):
        return None
    found, usual = wrong
    message = f"this is not the API: base_url {found}, and the API is at {PATH}"
    if at_cloudflare:
        fixes = [f"set REALTIMEKIT_BASE_URL (base_url=) to {usual}, or remove it: that is the default"]
    else:
        fixes = [
            f"set REALTIMEKIT_BASE_URL (base_url=) to {usual}",
            f"or remove it to use Cloudflare's API at {BASE_URL}",
        ]
    return Problem("not the API", message, tuple(fixes), result.evidence)


def _not_the_api(result: CallResult, base_url: str) -> Problem | None:
    """Return the problem if it is not the API that responds, but a login page, a filter or another service."""
    if _is_the_api(result):
        return None
    emulator = f"an emulator prints its URL, such as http://127.0.0.1:8787{PATH}"
    fixes = (
        f"check base_url ({sanitize(base_url)}): Cloudflare's API is at {BASE_URL}, the default; {emulator}",
        "if you are behind a login page, a filter or a proxy, log in there first, or allow the API there",
    )
    target = urlsplit(result.response.headers.get("location", "")).hostname
    if 300 <= result.response.status < 400 and target:
        message = f"this is not the API: it redirects to {sanitize(target)}, most likely a login page"
        return Problem("not the API", message, fixes[::-1], result.evidence)
    what = "a web page" if isinstance(result.body, str) and "<" in result.body else "something else"
    message = f"this is not the API: {what} responds at {sanitize(_origin(base_url))}"
    return Problem("not the API", message, fixes, result.evidence)


def _is_the_api(result: CallResult) -> bool:
    """Return whether the API responded, by the known forms of its responses; errors of a gateway may have any form."""
    status, body = result.response.status, result.body
    if status == 429 or (status >= 500 and status != 511):  # 511: the network requires a login
        return True
    if body is None:
        return status in {401, 403}
    if not isinstance(body, dict):
        return False
    if not is_error(result.response, body):
        return unwrap_list(body) is not None
    has_error = isinstance(body.get("success"), bool) or isinstance(body.get("error"), dict) or "errors" in body
    return has_error or (status in {401, 403} and "message" in body)


def is_cloudflare(base_url: str) -> bool:
    """Return whether the URL is Cloudflare's own."""
    host = urlsplit(base_url).hostname or ""
    return host == "cloudflare.com" or host.endswith(".cloudflare.com")


def _is_local(base_url: str) -> bool:
    """Return whether the URL is on this machine, so most likely an emulator's."""
    return is_loopback(urlsplit(base_url).hostname or "")


def _origin(base_url: str) -> str:
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}"


def _unexpected(result: CallResult) -> Problem:
    status = result.response.status
    if status == 429:
        wait = _retry_after(result.response.headers)
        fixes = (f"wait{wait} and try again", "send fewer requests, or use a separate token for each program")
        return Problem("rate limit", "too many requests were sent with this token", fixes, result.evidence)
    if status >= 500:
        fixes = ("try again later", "see https://www.cloudflarestatus.com")
        return Problem("server", "the server failed", fixes, result.evidence)
    fixes = ("check base_url", "report it, with the response of the server")
    return Problem("server", "the server sent an unexpected response", fixes, result.evidence)


def _retry_after(headers: Mapping[str, str]) -> str:
    seconds = headers.get("retry-after", "")
    return f" {seconds} s" if seconds.isascii() and seconds.isdigit() else ""


def _try_get(get: Callable[[str], CallResult], path: str) -> CallResult | None:
    """Send an additional request; None if there is no response."""
    try:
        return get(path)
    except APIConnectionError:
        return None


def _join(items: list[str]) -> str:
    more = f" and {len(items) - MAX_LISTED} more" if len(items) > MAX_LISTED else ""
    return sanitize(", ".join(items[:MAX_LISTED]) + more)
