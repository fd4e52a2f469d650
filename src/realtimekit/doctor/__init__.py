"""Find out why it does not work: checks settings, network, token, permission, account and app, in this order.

    from realtimekit.doctor import diagnose

    diagnosis = diagnose()
    print(diagnosis.problem or "no problem found")

It sends at most four GET requests, without retries, and changes nothing. It stops at the first problem, because that
usually causes the others. The token is in no text of a diagnosis.
"""

from __future__ import annotations

import os
import platform
from inspect import iscoroutinefunction
from typing import Any, NamedTuple

from realtimekit import __version__, settings
from realtimekit.doctor.network import diagnose_connection
from realtimekit.doctor.problem import Problem
from realtimekit.doctor.responses import CallResult, diagnose_account, diagnose_app, diagnose_meetings
from realtimekit.error_responses import sanitize
from realtimekit.errors import APIConnectionError, ConfigurationError, RealtimeKitError
from realtimekit.execution import Call, build_request
from realtimekit.interfaces import Response
from realtimekit.paths import encode_segment
from realtimekit.responses import decode, unwrap_list
from realtimekit.settings import Settings
from realtimekit.transports import create_transport

__all__ = ["Diagnosis", "Problem", "Setting", "diagnose"]

TIMEOUT = 10.0  # seconds for each request, the default


class Setting(NamedTuple):
    """One setting.

    Attributes:
        name: e.g. "app_id".
        source: "argument", "configure()", the environment variable's name, "default", or "not set".
        value: its value; None for the token, and if it is not set.
    """

    name: str
    source: str
    value: str | None


class Diagnosis(NamedTuple):
    """The result of the checks.

    Attributes:
        version: of this package.
        python: the interpreter and the operating system.
        transport: the HTTP library in use; "" if the settings were not valid.
        settings: where each setting comes from.
        passed: the checks that passed, in order.
        problem: the first problem, or None.
    """

    version: str
    python: str
    transport: str
    settings: list[Setting]
    passed: list[str]
    problem: Problem | None


def diagnose(
    *,
    api_token: str | None = None,
    account_id: str | None = None,
    app_id: str | None = None,
    base_url: str | None = None,
    timeout: float | None = None,
    transport: Any = None,
    limiter: Any = None,  # noqa: ARG001 - so that all arguments of a client are accepted
) -> Diagnosis:
    """Find the first problem that explains why calls fail. This function blocks.

    Args:
        api_token: as for `RealtimeKit`; defaults to that of `configure()`, then of the environment.
        account_id: the account; defaults like `api_token`.
        app_id: the app; defaults like `api_token`.
        base_url: the URL of the API; defaults like `api_token`.
        timeout: seconds for each request; 10 by default, also if `configure()` has another.
        transport: "auto", "httpcore2", "pyreqwest", or an object with a blocking `send`.
        limiter: not used, because there are few requests and no retries.
    """
    given = {"api_token": api_token, "account_id": account_id, "app_id": app_id, "base_url": base_url}
    given["transport"] = transport
    checks = _Checks(given, TIMEOUT if timeout is None else timeout)
    problem = checks.run()
    return Diagnosis(
        __version__,
        f"{platform.python_implementation()} {platform.python_version()} on {platform.system()} {platform.machine()}",
        checks.library,
        checks.sources,
        checks.passed,
        problem,
    )


class _Checks:
    """Runs the checks."""

    def __init__(self, given: dict[str, Any], timeout: float) -> None:
        self.given, self.timeout = given, timeout
        found = {name: _find_source(name, given[name]) for name in given}
        token = found["api_token"][1]
        self.secret = token.strip() if isinstance(token, str) else ""
        self.sources = [
            Setting(name, source, self._display_value(name, value)) for name, (source, value) in found.items()
        ]
        self.passed: list[str] = []
        self.library = ""
        self.settings: Settings
        self.transport: Any

    def run(self) -> Problem | None:
        """Return the first problem."""
        try:
            problem = self._check_settings()
            if problem is None:
                try:
                    problem = self._check_requests()
                finally:
                    if isinstance(self.settings.transport, str):
                        self.transport.close()
        except APIConnectionError as error:
            problem = diagnose_connection(self.settings.base_url, error, self.timeout)
        except ConfigurationError as error:  # certificates are read with the first request
            problem = _setting_problem(error)
        return problem and problem.redact(self.secret)

    def _check_settings(self) -> Problem | None:
        missing = [each.name for each in self.sources if each.source == "not set"]
        if missing:
            fixes = tuple(f"{name}: {settings.missing_setting_message(name).partition(': ')[2]}" for name in missing)
            if len(missing) == len(settings.ENVIRONMENT) - 3:  # all that have no default
                fixes = (
                    *fixes,
                    "or, without an account: run realtimekit emulator --demo, and the lines that it prints",
                )
            names = " and ".join(part for part in (", ".join(missing[:-1]), missing[-1]) if part)
            return Problem("setting", f"{names} {'is' if len(missing) == 1 else 'are'} not set", fixes)
        try:
            self.settings = settings.resolve(**self.given, timeout=self.timeout)
            for name in ("account_id", "app_id"):
                encode_segment(name, self.settings.required(name))
            chosen = self.settings.transport
            if iscoroutinefunction(getattr(chosen, "send", None)):
                raise ConfigurationError("transport: its send() is async; the doctor needs a blocking one")
            self.transport = create_transport(chosen, asynchronous=False) if isinstance(chosen, str) else chosen
        except (RealtimeKitError, ValueError) as error:
            return _setting_problem(error)
        self.library = _library(self.transport)
        self.passed.append("the settings are complete")
        return None

    def _check_requests(self) -> Problem | None:
        kit = f"/accounts/{encode_segment('account_id', self.settings.required('account_id'))}/realtime/kit"
        app_id = self.settings.required("app_id")
        app = encode_segment("app_id", app_id)

        apps = self._get(f"{kit}/apps")
        listed_apps = unwrap_list(apps.body)
        if not apps.failed and listed_apps is not None:
            self.passed += ["the API responds", "the token is valid and may read this account's apps"]
        elif problem := diagnose_account(apps, self.settings, self._get):
            return problem
        apps_found = listed_apps or []

        result = self._get(f"{kit}/apps/{app}")
        listed = any(each.get("id") == app_id for each in apps_found)
        if result.failed and not (listed and result.response.status == 404):
            return diagnose_app(result, app_id, apps_found)
        self.passed.append("the app exists")

        result = self._get(f"{kit}/{app}/meetings", per_page=1)
        if result.failed:
            return diagnose_meetings(result, app_id, apps_found)
        self.passed.append("the app's meetings can be read")
        return None

    def _get(self, path: str, **query: Any) -> CallResult:
        response: Response = self.transport.send(build_request(self.settings, Call("GET", path, query)))
        return CallResult(f"GET {path}", response, decode(response))

    def _display_value(self, name: str, value: Any) -> str | None:
        if value is None or name == "api_token":
            return None
        text = str(value) if isinstance(value, str) else type(value).__name__
        if "@" in text and name == "base_url":
            return "not shown: it may contain a password"
        return sanitize(text.replace(self.secret, "<token>") if self.secret else text)


def _setting_problem(error: Exception) -> Problem:
    return Problem("setting", str(error), ("correct it and try again",))


def _find_source(name: str, given: Any) -> tuple[str, Any]:
    """Return where a setting comes from, and its value, in the same order as `settings.resolve`."""
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
    from importlib.metadata import version  # slow to import

    return f"{name} {version(name)}"
