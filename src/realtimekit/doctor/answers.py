"""What an answer that is no success says about the token, its permission, the account and the app.

Sources: Cloudflare documents `GET /user/tokens/verify` and `GET /accounts/{account_id}/tokens/verify`, which tell a bad
token from a good one, and ids of accounts of 32 characters. Its gateway's codes are not documented; they are read as
they have been seen: 10000 and 9109 for a token that is wrong as well as for one that may not, 6003 for a malformed
header, 7000 and 7003 for an id that fits no route. So what rests on them alone is worded "most likely".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from realtimekit.doctor.problem import Problem
from realtimekit.errors import APIConnectionError
from realtimekit.paths import encode_segment
from realtimekit.protocol import error_from, is_error, sanitize, unwrap, unwrap_list
from realtimekit.settings import BASE_URL, is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from realtimekit.interfaces import Response
    from realtimekit.settings import Settings

TOKENS = "https://dash.cloudflare.com/profile/api-tokens"
NEW_TOKEN = f"make a new token at {TOKENS} and copy it whole into CLOUDFLARE_API_TOKEN"
PERMIT = 'give the token the permission "Realtime" or "Realtime Admin" (or make a new one that has it): ' + TOKENS
INCLUDE = "include this account in the token's account resources, there too"
ACCOUNT = "copy the account id from the dashboard (https://dash.cloudflare.com/<account id>) into CLOUDFLARE_ACCOUNT_ID"

PRINTED = "the emulator prints {} when it starts: copy its export lines, all four of one emulator"
PATH = urlsplit(BASE_URL).path

MALFORMED_TOKEN = {6003, 6111}
REFUSED = {10000, 9109}
NO_ROUTE = {7000, 7003}
MOST_NAMED = 5


class Answer(NamedTuple):
    """An answer, read."""

    call: str
    response: Response
    body: Any

    @property
    def failed(self) -> bool:
        return is_error(self.response, self.body) or not isinstance(self.body, dict)

    @property
    def codes(self) -> set[Any]:
        """The codes in its body, those of an `error_chain` included."""
        if not isinstance(self.body, dict):
            return set()
        errors = self.body.get("errors")
        places: list[Any] = [self.body.get("error"), *(errors if isinstance(errors, list) else [])]
        found: set[Any] = set()
        while places:
            if isinstance(place := places.pop(), dict):
                found |= {code for code in [place.get("code")] if isinstance(code, int)}
                places += chain if isinstance(chain := place.get("error_chain"), list) else []
        return found

    @property
    def said(self) -> str:
        method, _, path = self.call.partition(" ")
        words = str(error_from(self.response, self.body, method, path)).partition("; ")[0]
        ray = self.response.headers.get("cf-ray")
        return sanitize(f"{words} (cf-ray {ray})" if ray else words)


def of_account(answer: Answer, settings: Settings, get: Callable[[str], Answer]) -> Problem | None:
    """The problem behind a refused `GET /apps`: nothing there is about an app."""
    status, codes = answer.response.status, answer.codes
    if problem := _wrong_path(answer, settings.base_url) or _elsewhere(answer, settings.base_url):
        return problem
    if codes & MALFORMED_TOKEN:
        text = "the server takes the token for malformed: most likely it is incomplete, or an API key and no token"
        return Problem("token", text, _new_token(settings), answer.said)
    if status in {401, 403} or codes & REFUSED:
        return _of_token(answer, settings, get)
    if status in {400, 404} or codes & NO_ROUTE:
        return _wrong_account(answer, settings)
    return _unexpected(answer)


def _of_token(answer: Answer, settings: Settings, get: Callable[[str], Answer]) -> Problem:
    """The token is bad, or may not do this, or not in this account: Cloudflare's own check of tokens tells."""
    account_id = settings.required("account_id")
    verdict: Answer | None = None
    for path in (f"/accounts/{encode_segment('account_id', account_id)}/tokens/verify", "/user/tokens/verify"):
        verdict = _asked(get, path)
        if verdict is None or verdict.failed:
            continue
        state = unwrap(verdict.body)
        status = state.get("status") if isinstance(state, dict) else None
        if status != "active":
            text = f"the token is {sanitize(str(status))}, says Cloudflare"
            return Problem("token", text, _new_token(settings), answer.said)
        if path.startswith("/accounts"):  # it is a token of this very account
            text = "the token is valid and this account's own: most likely it lacks the permission for RealtimeKit"
            return Problem("permission", text, (PERMIT,), answer.said)
        return _valid(answer, settings, _asked(get, "/accounts"))
    if answer.response.status == 403 and verdict is not None and verdict.response.status == 404:
        text = "the token was not refused as such: most likely it lacks the permission, or may not use this account"
        return Problem("permission", text, (PERMIT, INCLUDE, ACCOUNT), answer.said)
    if _cloudflares(settings.base_url) and str(settings.api_token).startswith("emulator-"):
        text = "the token is an emulator's, and Cloudflare was asked"
        address = "set REALTIMEKIT_BASE_URL, too: the emulator prints it when it starts"
        return Problem("token", text, (address, NEW_TOKEN), answer.said)
    text = "the token is not accepted: most likely it is mistyped, deleted or expired"
    if _an_emulators(settings.base_url):
        text = "the token is not accepted: most likely the emulator there printed another one"
    cures = (*_new_token(settings), "check that no other CLOUDFLARE_API_TOKEN is set than you think")
    return Problem("token", text, cures, answer.said)


def _new_token(settings: Settings) -> tuple[str, ...]:
    return (PRINTED.format("its token") if _an_emulators(settings.base_url) else NEW_TOKEN,)


def _valid(answer: Answer, settings: Settings, accounts: Answer | None) -> Problem:
    """A user's token that is valid: the accounts it sees, where it may list them, tell the rest."""
    account_id = settings.required("account_id")
    listed = unwrap_list(accounts.body) if accounts is not None and not accounts.failed else None
    ids = [str(each.get("id", "")) for each in listed or []]
    if account_id in ids:
        text = "the token is valid and sees this account: most likely it lacks the permission for RealtimeKit"
        return Problem("permission", text, (PERMIT,), answer.said)
    if ids or _odd(settings):
        return _wrong_account(answer, settings, ids)
    text = (
        "the token is valid: most likely it lacks the permission for RealtimeKit, or this account is not among its own"
    )
    return Problem("permission", text, (PERMIT, INCLUDE, ACCOUNT), answer.said)


def _wrong_account(answer: Answer, settings: Settings, ids: list[str] | None = None) -> Problem:
    hint = ""
    if settings.account_id == settings.app_id:
        hint = "; account_id and app_id are the same"
    elif _odd(settings):
        hint = "; Cloudflare's account ids are 32 hexadecimal digits"
    where = PRINTED.format("its account id") if _an_emulators(settings.base_url) else ACCOUNT
    cures = [where, "check that account_id and app_id are not mixed up"]
    if ids:
        cures.insert(0, f"the token sees these accounts: {_some(ids)}")
    text = f"account_id is most likely wrong, or not one of this token's{hint}"
    return Problem("account", text, tuple(cures), answer.said)


def _odd(settings: Settings) -> bool:
    """An id that is none of Cloudflare's. Elsewhere (an emulator) an id may be anything."""
    return _cloudflares(settings.base_url) and not re.fullmatch(r"[0-9a-fA-F]{32}", settings.account_id or "")


def of_app(answer: Answer, app_id: str, known: list[dict[str, Any]]) -> Problem:
    """The problem behind a refused `GET /apps/{app_id}`, where `GET /apps` was answered."""
    status = answer.response.status
    if status in {400, 404} or answer.codes & NO_ROUTE:
        names = [f"{each.get('id')} ({each.get('name')})" for each in known]
        cures = (
            [f"the account has these apps: {_some(names)}; set REALTIMEKIT_APP_ID to the id of one"] if names else []
        )
        if not names:
            cures.append("the account has no app: make one in the dashboard (Realtime), or with App.create(name=...)")
        cures.append("if it is the app of another account, set CLOUDFLARE_ACCOUNT_ID to that one")
        return Problem("app", f"this account has most likely no app {sanitize(app_id)}", tuple(cures), answer.said)
    if status in {401, 403} or answer.codes & REFUSED:
        text = "the token may read the account's apps, but not this one: most likely a permission is missing"
        return Problem("permission", text, (PERMIT, "check REALTIMEKIT_APP_ID"), answer.said)
    return _unexpected(answer)


def of_meetings(answer: Answer, app_id: str, known: list[dict[str, Any]]) -> Problem:
    """The problem behind a refused `GET /{app_id}/meetings`, where the app was found."""
    problem = of_app(answer, app_id, known)
    if problem.kind == "permission":
        text = "the token may read the app, but not its meetings: most likely a permission is missing"
        return problem._replace(text=text, cures=(PERMIT,))
    return problem


def _wrong_path(answer: Answer, base_url: str) -> Problem | None:
    """The right host, but not the place on it where the API is.

    Behind another path of another host there may be a proxy of somebody's own: there the gateway's codes count.
    """
    path, cloudflares = urlsplit(base_url).path, _cloudflares(base_url)
    nowhere = answer.response.status in {400, 404} and not answer.codes & (NO_ROUTE | MALFORMED_TOKEN)
    if path == PATH or not (cloudflares or nowhere):
        return None
    there = f"ends in {sanitize(path)}" if path else "has no path"
    text = f"this is not the API: base_url {there}, and the API is at {PATH}"
    if cloudflares:
        cures = [f"set REALTIMEKIT_BASE_URL (base_url=) to {BASE_URL}, or leave it out: that is the default"]
    else:
        cures = [
            f"set REALTIMEKIT_BASE_URL (base_url=) to {sanitize(_origin(base_url))}{PATH}",
            f"or leave it out, to ask Cloudflare's own at {BASE_URL}",
        ]
    return Problem("not the API", text, tuple(cures), answer.said)


def _elsewhere(answer: Answer, base_url: str) -> Problem | None:
    """Something answers that is not the API: a login page, a filter, another service."""
    if _speaks_as_the_api(answer):
        return None
    emulators = f"an emulator prints its own, such as http://127.0.0.1:8787{PATH}"
    cures = (
        f"check base_url ({sanitize(base_url)}): Cloudflare's API is at {BASE_URL}, the default; {emulators}",
        "if you are behind a login page, a filter or a proxy, log in there first, or have it let the API through",
    )
    target = urlsplit(answer.response.headers.get("location", "")).hostname
    if 300 <= answer.response.status < 400 and target:
        text = f"this is not the API: it sends the caller on to {sanitize(target)}, most likely a login page"
        return Problem("not the API", text, cures[::-1], answer.said)
    what = "a web page" if isinstance(answer.body, str) and "<" in answer.body else "something else"
    text = f"this is not the API: {what} answers at {sanitize(_origin(base_url))}"
    return Problem("not the API", text, cures, answer.said)


def _speaks_as_the_api(answer: Answer) -> bool:
    """By the forms of its answers that were seen; what a gateway says under load, or failing, may have any."""
    status, body = answer.response.status, answer.body
    if status == 429 or (status >= 500 and status != 511):  # 511: a network wants a login
        return True
    if body is None:
        return status in {401, 403}
    if not isinstance(body, dict):
        return False
    if not is_error(answer.response, body):
        return unwrap_list(body) is not None
    told = isinstance(body.get("success"), bool) or isinstance(body.get("error"), dict) or "errors" in body
    return told or (status in {401, 403} and "message" in body)


def _cloudflares(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    return host == "cloudflare.com" or host.endswith(".cloudflare.com")


def _an_emulators(base_url: str) -> bool:
    """Of what answers as the API on this machine."""
    return is_loopback(urlsplit(base_url).hostname or "")


def _origin(base_url: str) -> str:
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}"


def _unexpected(answer: Answer) -> Problem:
    status = answer.response.status
    if status == 429:
        wait = _seconds(answer.response.headers)
        cures = (f"wait{wait} and try again", "make fewer requests, or use a token of its own for each program")
        return Problem("rate limit", "too many requests were made with this token", cures, answer.said)
    if status >= 500:
        cures = ("try again in a while", "see https://www.cloudflarestatus.com")
        return Problem("server", "the server failed", cures, answer.said)
    cures = ("check base_url", "report it, with what the server said")
    return Problem("server", "the server answered as it is not known to", cures, answer.said)


def _seconds(headers: Mapping[str, str]) -> str:
    asked = headers.get("retry-after", "")
    return f" {asked} s" if asked.isascii() and asked.isdigit() else ""


def _asked(get: Callable[[str], Answer], path: str) -> Answer | None:
    """A question on the side: where it is not answered, the first answer has to do."""
    try:
        return get(path)
    except APIConnectionError:
        return None


def _some(words: list[str]) -> str:
    more = f" and {len(words) - MOST_NAMED} more" if len(words) > MOST_NAMED else ""
    return sanitize(", ".join(words[:MOST_NAMED]) + more)
