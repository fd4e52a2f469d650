"""Why it does not work: the settings, the network, the token, its permission, the account and the app, in this order.

    from realtimekit.doctor import examine

    report = examine()
    print(report.problem or "all is well")

At most four GET requests, nothing is written, nothing is sent again. It stops at the first problem, which explains
the rest. No text in a report holds the token.
"""

from __future__ import annotations

import os
import platform
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit import __version__, settings
from realtimekit.doctor.answers import Answer, of_account, of_app, of_meetings
from realtimekit.doctor.network import unreachable
from realtimekit.doctor.problem import Problem
from realtimekit.errors import APIConnectionError, ConfigurationError, RealtimeKitError
from realtimekit.execution import Call, build_request
from realtimekit.paths import encode_segment
from realtimekit.protocol import decode, sanitize, unwrap_list
from realtimekit.transports import create_transport

if TYPE_CHECKING:
    from realtimekit.interfaces import Response
    from realtimekit.settings import Settings

__all__ = ["Problem", "Report", "Setting", "examine"]

TIMEOUT = 10.0  # seconds for each request, where none is given


class Setting(NamedTuple):
    """One setting.

    Attributes:
        name: e.g. "app_id".
        source: "argument", "configure()", the environment variable's name, "default", or "not set".
        value: its value; None for the token and where there is none.
    """

    name: str
    source: str
    value: str | None


class Report(NamedTuple):
    """What was found.

    Attributes:
        version: of this package.
        python: the interpreter and the system.
        transport: the HTTP library in use; "" where there was none to choose.
        settings: where each setting comes from.
        passed: what was checked and is well, in order.
        problem: the first problem, or None.
    """

    version: str
    python: str
    transport: str
    settings: list[Setting]
    passed: list[str]
    problem: Problem | None


def examine(
    *,
    api_token: str | None = None,
    account_id: str | None = None,
    app_id: str | None = None,
    base_url: str | None = None,
    timeout: float | None = None,
    transport: Any = None,
    limiter: Any = None,  # noqa: ARG001 - so that whatever makes a client can be examined
) -> Report:
    """Find the first problem that explains why calls fail. Blocks.

    Args:
        api_token: as for `RealtimeKit`, like those below: what is not given comes from `configure()`, then from the
            environment.
        account_id: the account.
        app_id: the app.
        base_url: where the API is.
        timeout: seconds for each request (10, whatever `configure()` says).
        transport: "auto", "httpcore2", "pyreqwest", or an object with a blocking `send`.
        limiter: is not asked: these are few requests, and none is sent again.
    """
    given = {"api_token": api_token, "account_id": account_id, "app_id": app_id, "base_url": base_url}
    given["transport"] = transport
    examination = _Examination(given, TIMEOUT if timeout is None else timeout)
    problem = examination.problem()
    return Report(
        __version__,
        f"{platform.python_implementation()} {platform.python_version()} on {platform.system()} {platform.machine()}",
        examination.library,
        examination.sources,
        examination.passed,
        problem,
    )


class _Examination:
    def __init__(self, given: dict[str, Any], timeout: float) -> None:
        self.given, self.timeout = given, timeout
        found = {name: _source(name, given[name]) for name in given}
        token = found["api_token"][1]
        self.secret = token.strip() if isinstance(token, str) else ""
        self.sources = [Setting(name, source, self._shown(name, value)) for name, (source, value) in found.items()]
        self.passed: list[str] = []
        self.library = ""
        self.settings: Settings
        self.transport: Any

    def problem(self) -> Problem | None:
        """The first one."""
        try:
            problem = self._of_settings()
            if problem is None:
                try:
                    problem = self._of_calls()
                finally:
                    if isinstance(self.settings.transport, str):
                        self.transport.close()
        except APIConnectionError as error:
            problem = unreachable(self.settings.base_url, error, self.timeout)
        except ConfigurationError as error:  # certificates are read when they are first needed
            problem = _wrong(error)
        return problem and problem.without(self.secret)

    def _of_settings(self) -> Problem | None:
        absent = [each.name for each in self.sources if each.source == "not set"]
        if absent:
            cures = tuple(settings.missing_setting_message(name).partition(": ")[2] for name in absent)
            cures = tuple(f"{name}: {cure}" for name, cure in zip(absent, cures, strict=True))
            if len(absent) == len(settings.ENVIRONMENT) - 2:  # all but those that have a default
                cures = (
                    *cures,
                    "or, with no account at all: realtimekit emulator --demo, and the lines that it prints",
                )
            names = " and ".join(part for part in (", ".join(absent[:-1]), absent[-1]) if part)
            return Problem("setting", f"{names} {'is' if len(absent) == 1 else 'are'} not set", cures)
        try:
            self.settings = settings.resolve(**self.given, timeout=self.timeout)
            for name in ("account_id", "app_id"):
                encode_segment(name, self.settings.required(name))
            chosen = self.settings.transport
            if iscoroutinefunction(getattr(chosen, "send", None)):
                raise ConfigurationError("transport: it awaits, and only a blocking one can be examined")
            self.transport = create_transport(chosen, asynchronous=False) if isinstance(chosen, str) else chosen
        except (RealtimeKitError, ValueError) as error:
            return _wrong(error)
        self.library = _library(self.transport)
        self.passed.append("the settings are complete")
        return None

    def _of_calls(self) -> Problem | None:
        kit = f"/accounts/{encode_segment('account_id', self.settings.required('account_id'))}/realtime/kit"
        app_id = self.settings.required("app_id")
        app = encode_segment("app_id", app_id)

        apps = self._get(f"{kit}/apps")
        listed_apps = unwrap_list(apps.body)
        if not apps.failed and listed_apps is not None:
            self.passed += ["the API answers", "the token is valid and may read this account's apps"]
        elif problem := of_account(apps, self.settings, self._get):
            return problem
        known = listed_apps or []

        answer = self._get(f"{kit}/apps/{app}")
        listed = any(each.get("id") == app_id for each in known)
        if answer.failed and not (listed and answer.response.status == 404):
            return of_app(answer, app_id, known)
        self.passed.append("the app exists")

        answer = self._get(f"{kit}/{app}/meetings", per_page=1)
        if answer.failed:
            return of_meetings(answer, app_id, known)
        self.passed.append("the app's meetings can be read")
        return None

    def _get(self, path: str, **query: Any) -> Answer:
        response: Response = self.transport.send(build_request(self.settings, Call("GET", path, query)))
        return Answer(f"GET {path}", response, decode(response))

    def _shown(self, name: str, value: Any) -> str | None:
        if value is None or name == "api_token":
            return None
        text = str(value) if isinstance(value, str) else type(value).__name__
        if "@" in text and name == "base_url":
            return "not shown: it may hold a password"
        return sanitize(text.replace(self.secret, "<token>") if self.secret else text)


def _wrong(error: Exception) -> Problem:
    return Problem("setting", str(error), ("correct it and run this again",))


def _source(name: str, given: Any) -> tuple[str, Any]:
    """Where a setting comes from, and its value: `settings.resolve` asks in the same order."""
    variable = settings.ENVIRONMENT[name]
    if given is not None:
        return "argument", given
    if name in settings._configured:
        return "configure()", settings._configured[name]
    if value := os.environ.get(variable, "").strip():
        return variable, value
    default = {"base_url": settings.BASE_URL, "transport": "auto"}.get(name)
    return ("not set" if default is None else "default"), default


def _library(transport: Any) -> str:
    name = type(transport).__module__.rpartition(".")[2]
    if not type(transport).__module__.startswith("realtimekit.transports") or name not in {"httpcore2", "pyreqwest"}:
        return type(transport).__name__
    from importlib.metadata import version  # noqa: PLC0415 - slow to import

    return f"{name} {version(name)}"
