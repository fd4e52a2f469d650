"""What an answer that is no success says about the token, its permission, the account and the app.

Sources: Cloudflare documents `GET /user/tokens/verify` and `GET /accounts/{account_id}/tokens/verify`, which tell a bad
token from a good one, and ids of accounts of 32 characters. Its gateway's codes are not documented; they are read as
they have been seen: 10000 and 9109 for a token that is wrong as well as for one that may not, 6003 for a malformed
header, 7000 and 7003 for an id that fits no route. So what rests on them alone is worded "most likely".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.doctor.problem import Problem
from realtimekit.errors import APIConnectionError
from realtimekit.paths import segment
from realtimekit.protocol import error_from, failed, printable, unwrap, unwrap_list

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from realtimekit.flow import Response
    from realtimekit.settings import Settings

TOKENS = "https://dash.cloudflare.com/profile/api-tokens"
NEW_TOKEN = f"make a new token at {TOKENS} and copy it whole into CLOUDFLARE_API_TOKEN"
PERMIT = 'give the token the permission "Realtime" or "Realtime Admin" (or make a new one that has it): ' + TOKENS
INCLUDE = "include this account in the token's account resources, there too"
ACCOUNT = "copy the account id from the dashboard (https://dash.cloudflare.com/<account id>) into CLOUDFLARE_ACCOUNT_ID"

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
        return failed(self.response, self.body) or not isinstance(self.body, dict)

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
        return printable(f"{words} (cf-ray {ray})" if ray else words)


def of_account(answer: Answer, settings: Settings, get: Callable[[str], Answer]) -> Problem | None:
    """The problem behind a refused `GET /apps`: nothing there is about an app."""
    if problem := _elsewhere(answer, settings.base_url):
        return problem
    status, codes = answer.response.status, answer.codes
    if codes & MALFORMED_TOKEN:
        text = "the server takes the token for malformed: most likely it is incomplete, or an API key and no token"
        return Problem("token", text, (NEW_TOKEN,), answer.said)
    if status in {401, 403} or codes & REFUSED:
        return _of_token(answer, settings, get)
    if status in {400, 404} or codes & NO_ROUTE:
        return _wrong_account(answer, settings)
    return _unexpected(answer)


def _of_token(answer: Answer, settings: Settings, get: Callable[[str], Answer]) -> Problem:
    """The token is bad, or may not do this, or not in this account: Cloudflare's own check of tokens tells."""
    account_id = settings.required("account_id")
    verdict: Answer | None = None
    for path in (f"/accounts/{segment('account_id', account_id)}/tokens/verify", "/user/tokens/verify"):
        verdict = _asked(get, path)
        if verdict is None or verdict.failed:
            continue
        state = unwrap(verdict.body)
        status = state.get("status") if isinstance(state, dict) else None
        if status != "active":
            return Problem(
                "token", f"the token is {printable(str(status))}, says Cloudflare", (NEW_TOKEN,), answer.said
            )
        if path.startswith("/accounts"):  # it is a token of this very account
            text = "the token is valid and this account's own: most likely it lacks the permission for RealtimeKit"
            return Problem("permission", text, (PERMIT,), answer.said)
        return _valid(answer, settings, _asked(get, "/accounts"))
    if answer.response.status == 403 and verdict is not None and verdict.response.status == 404:
        text = "the token was not refused as such: most likely it lacks the permission, or may not use this account"
        return Problem("permission", text, (PERMIT, INCLUDE, ACCOUNT), answer.said)
    text = "the token is not accepted: most likely it is mistyped, deleted or expired"
    return Problem(
        "token", text, (NEW_TOKEN, "check that no other CLOUDFLARE_API_TOKEN is set than you think"), answer.said
    )


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
    cures = [ACCOUNT, "check that account_id and app_id are not mixed up"]
    if ids:
        cures.insert(0, f"the token sees these accounts: {_some(ids)}")
    text = f"account_id is most likely wrong, or not one of this token's{hint}"
    return Problem("account", text, tuple(cures), answer.said)


def _odd(settings: Settings) -> bool:
    """An id that is none of Cloudflare's. Elsewhere (an emulator) an id may be anything."""
    return "cloudflare.com" in settings.base_url and not re.fullmatch(r"[0-9a-fA-F]{32}", settings.account_id or "")


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
        return Problem("app", f"this account has most likely no app {printable(app_id)}", tuple(cures), answer.said)
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


def _elsewhere(answer: Answer, base_url: str) -> Problem | None:
    """Something answers that is not the API: a login page, a filter, another service."""
    status = answer.response.status
    if isinstance(answer.body, dict) or status in {401, 403, 429} or status >= 500:
        return None
    cures = (
        f"check base_url ({printable(base_url)}); the API's is https://api.cloudflare.com/client/v4",
        "if you are behind a login page or a proxy, log in there first",
    )
    return Problem("not the API", "something answers there that is most likely not the API", cures, answer.said)


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
    return printable(", ".join(words[:MOST_NAMED]) + more)
