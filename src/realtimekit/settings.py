"""The settings of a client: explicit arguments first, then `configure()`, then the environment, then the defaults.

Sources: the API's address and its bearer token, https://developers.cloudflare.com/api/.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict, Unpack
from urllib.parse import urlsplit, urlunsplit

from realtimekit.errors import ConfigurationError
from realtimekit.interfaces import AsyncTransport, Hook, Limiter, Transport
from realtimekit.kwargs import drop_none, validate_kwargs

BASE_URL = "https://api.cloudflare.com/client/v4"
AGENT_URL = "wss://api.realtime.cloudflare.com/agent-ws/v1"
TIMEOUT = 30.0
MAX_RETRIES = 2

TransportName: TypeAlias = Literal["auto", "httpcore2", "pyreqwest"]
TRANSPORTS: tuple[TransportName, ...] = ("auto", "httpcore2", "pyreqwest")

# setting -> environment variable
ENVIRONMENT = {
    "api_token": "CLOUDFLARE_API_TOKEN",
    "account_id": "CLOUDFLARE_ACCOUNT_ID",
    "app_id": "REALTIMEKIT_APP_ID",
    "base_url": "REALTIMEKIT_BASE_URL",
    "transport": "REALTIMEKIT_TRANSPORT",
    "agent_url": "REALTIMEKIT_AGENT_URL",
}

HOOKS = ("on_request", "on_response", "on_retry", "on_wait")

_configured: dict[str, Any] = {}


class Secret(str):
    """A string whose repr is hidden, so that no traceback or debugger shows it; `str()` and f-strings do."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"


class ClientOptions(TypedDict, total=False):
    """The options of a client. If one is None or left out, `configure()`, the environment or the default counts."""

    api_token: str | None  # with the permission "Realtime" or "Realtime Admin"
    account_id: str | None  # the Cloudflare account
    app_id: str | None  # the RealtimeKit app
    base_url: str | None  # the URL of the API; https, or http on this machine (the emulator)
    timeout: float | None  # seconds for each attempt, from connecting to the end of the response (30)
    max_retries: int | None  # how often a request is retried where that is safe (2)
    limiter: Literal["auto", "off"] | Limiter | None  # what enforces the rate limit ("auto": shared in this process)
    on_request: Hook | None  # called before each attempt to send a request, with an `Attempt`
    on_response: Hook | None  # called after each attempt, with its outcome
    on_retry: Hook | None  # called before the wait for the next attempt
    on_wait: Hook | None  # called after a wait for the rate limit
    agent_url: str | None  # the URL of live meetings; the platform's, or that of the server on this machine at base_url


class Settings(NamedTuple):
    """The settings of a client, resolved and validated; they never change."""

    api_token: str
    account_id: str | None
    app_id: str | None
    base_url: str
    timeout: float
    max_retries: int
    transport: TransportName | Transport | AsyncTransport
    limiter: Literal["auto", "off"] | Limiter = "auto"
    on_request: Hook | None = None
    on_response: Hook | None = None
    on_retry: Hook | None = None
    on_wait: Hook | None = None
    agent_url: str | None = None

    @property
    def authorization(self) -> str:
        """The value of the `Authorization` header."""
        return Secret(f"Bearer {self.api_token}")

    def required(self, name: Literal["account_id", "app_id"]) -> str:
        """Return a setting that a call needs.

        Raises:
            ConfigurationError: the setting is missing.
        """
        if value := getattr(self, name):
            return str(value)
        raise ConfigurationError(missing_setting_message(name))

    def __repr__(self) -> str:  # never the token
        return f"<Settings {self.base_url} account_id={self.account_id!r} app_id={self.app_id!r}>"


def configure(*, transport: TransportName | Transport | None = None, **options: Unpack[ClientOptions]) -> None:
    """Set the defaults of the default client (`Session.find(...)`) and of every client created later.

    An option that is None keeps its value. Records that were already read keep their client.

    Args:
        transport: "auto", "httpcore2", "pyreqwest", or an object with a `send` method.
        options: `api_token`, `account_id`, `app_id`, `base_url`, `timeout` (seconds), `max_retries`, `limiter`,
            `on_request`, `on_response`, `on_retry`, `on_wait`, `agent_url`: see `ClientOptions`.

    Raises:
        ConfigurationError: a value is invalid. Nothing was changed.
    """
    hide_secrets(options)
    validate_kwargs(configure, options)
    changes = drop_none({**options, "transport": transport})
    _configured.update(_validate(changes))


def resolve(**options: Any) -> Settings:
    """Return the settings in force.

    Raises:
        ConfigurationError: there is no token, or a value is invalid.
    """
    hide_secrets(options)
    values: dict[str, Any] = {"account_id": None, "app_id": None, "base_url": BASE_URL, "timeout": TIMEOUT}
    values |= {"max_retries": MAX_RETRIES, "transport": "auto"}
    environment = {name: os.environ.get(variable, "").strip() for name, variable in ENVIRONMENT.items()}
    values |= {name: value for name, value in hide_secrets(environment).items() if value}
    values |= _configured
    values |= drop_none(options)
    if "api_token" not in values:
        raise ConfigurationError(missing_setting_message("api_token"))
    return Settings(**_validate(values))


def configured(name: Literal["account_id", "app_id", "agent_url", "base_url"]) -> str | None:
    """Return a setting from `configure()` or the environment."""
    return _configured.get(name) or os.environ.get(ENVIRONMENT[name], "").strip() or None


def resolve_agent_url(agent_url: str | None = None, settings: Settings | None = None) -> str:
    """Return the URL of live meetings (agent participants).

    It is `agent_url`, else that of the settings; without settings that of `configure()` or the environment. If none is
    set, it follows from the URL of the API: Cloudflare's, or that of the server on this machine.

    Raises:
        ConfigurationError: the URL is invalid; or the API is neither Cloudflare's nor on this machine.
    """
    if agent_url is not None:
        return _validate_agent_url(hide_secrets({"agent_url": agent_url})["agent_url"])
    found = settings.agent_url if settings else configured("agent_url")
    if found is not None:
        return _validate_agent_url(hide_secrets({"agent_url": found})["agent_url"])
    base_url = settings.base_url if settings else _validate_base_url(configured("base_url") or BASE_URL)
    parts = urlsplit(base_url)
    if parts.hostname == urlsplit(BASE_URL).hostname:
        return AGENT_URL
    if is_loopback(parts.hostname or ""):
        return urlunsplit(parts._replace(scheme="wss" if parts.scheme == "https" else "ws", path="/agent-ws/v1"))
    raise ConfigurationError(
        f"agent_url is not set, and does not follow from the base_url, which is neither Cloudflare's nor on this "
        f"machine: pass agent_url=, or set {ENVIRONMENT['agent_url']} ({AGENT_URL} is Cloudflare's)"
    )


def hide_secrets(options: Any) -> Any:
    """Hide the secrets among these options, in place, before anything fails: error trackers send local variables."""
    if options.get("api_token") is not None:
        # Only a string can be hidden; of anything else the type is enough for the error message.
        token = options["api_token"]
        kind = token if isinstance(token, type) else type(token)  # a type: hidden before
        options["api_token"] = Secret(token) if isinstance(token, str) else kind
        del token
    for name in ("base_url", "agent_url"):
        if "@" in str(options.get(name)):  # it may contain a password
            options[name] = Secret(options[name])
    return options


def hide_headers(headers: Any) -> Any:
    """Return a copy of request headers whose values are hidden: a header may be a credential.

    Raises:
        TypeError: they are not a mapping.
    """
    if not headers:
        return headers
    if not callable(getattr(headers, "items", None)):
        headers = type(headers).__name__  # not the value: error trackers send local variables
        raise TypeError(f"extra_headers= must be a mapping of names to values, not {headers}")
    return {name: Secret(value) if isinstance(value, str) else value for name, value in headers.items()}


def missing_setting_message(name: str) -> str:
    """Return the message for a setting that is needed and missing."""
    return f"{name} is not set: pass {name}=, call realtimekit.configure({name}=...), or set {ENVIRONMENT[name]}"


def _validate(values: dict[str, Any]) -> dict[str, Any]:
    """Validate settings and normalize them, in place.

    Raises:
        ConfigurationError: a value is invalid.
    """
    if "api_token" in values:
        values["api_token"] = _validate_token(values["api_token"])
    if "base_url" in values:
        values["base_url"] = _validate_base_url(values["base_url"])
    if values.get("agent_url") is not None:
        values["agent_url"] = _validate_agent_url(values["agent_url"])
    if "timeout" in values:
        values["timeout"] = validate_timeout(values["timeout"])
    validate_ids(values)
    retries = values.get("max_retries", 0)
    if not isinstance(retries, int) or isinstance(retries, bool) or retries < 0:
        raise ConfigurationError(f"max_retries={retries!r}: must be a whole number, 0 or more")
    transport = values.get("transport", "auto")
    if not (transport in TRANSPORTS if isinstance(transport, str) else callable(getattr(transport, "send", None))):
        raise ConfigurationError(
            f"transport={transport!r}: must be one of {', '.join(TRANSPORTS)}, or an object with a `send` method"
        )
    limiter = values.get("limiter", "auto")
    methods = [getattr(limiter, name, None) for name in ("reserve", "observe")]
    if not (limiter in {"auto", "off"} if isinstance(limiter, str) else all(map(callable, methods))):
        raise ConfigurationError(
            f"limiter={limiter!r}: must be 'auto', 'off', or an object with the methods `reserve` and `observe`"
        )
    for name in HOOKS:
        if (hook := values.get(name)) is not None:
            _validate_hook(name, hook)
    return values


def _validate_hook(name: str, hook: object) -> None:
    if not callable(hook):
        raise ConfigurationError(f"{name}={hook!r}: must be a function that takes an Attempt")
    from inspect import iscoroutinefunction

    if iscoroutinefunction(hook):
        raise ConfigurationError(f"{name}={hook!r}: must be a plain function, also for an async client")


def validate_timeout(timeout: object) -> float:
    """Return a timeout as a float.

    Raises:
        ConfigurationError: it is not a number of seconds above 0.
    """
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout < threading.TIMEOUT_MAX:
        raise ConfigurationError(
            f"timeout={timeout!r}: must be a number of seconds above 0, and below {threading.TIMEOUT_MAX:.0f}"
        )
    return float(timeout)


def _validate_token(token: Secret | type) -> Secret:
    # No message contains the value itself.
    if isinstance(token, type):
        raise ConfigurationError(f"api_token must be a string, not {token.__name__}")
    token = Secret(token.strip())
    if not token:
        raise ConfigurationError("api_token is empty: " + missing_setting_message("api_token").partition(": ")[2])
    if token.lower().startswith("bearer "):
        raise ConfigurationError("api_token starts with 'Bearer': pass only the token")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError("api_token contains a space, a control or a non-ASCII character: copy the token again")
    return token


def validate_ids(values: Mapping[str, Any]) -> None:
    """Validate the ids of account and app among these settings.

    Raises:
        ConfigurationError: one is not a string, or contains characters that no id has.
    """
    for name in ("account_id", "app_id"):
        value = values.get(name)
        if not isinstance(value, str | None):
            raise ConfigurationError(f"{name} must be a string, not {type(value).__name__}")
        if value and (problem := id_problem(value)):
            raise ConfigurationError(f"{name}={value!r} {problem}")


def id_problem(value: str) -> str | None:
    """Return what is wrong with the id of an account or app; None if it can be sent."""
    if value.isprintable() and " " not in value:
        return None
    return "contains a space, a line break or another invisible character: copy the id again"


def _validate_base_url(url: Any) -> str:
    return _validate_url("base_url", url, BASE_URL, "http")


def _validate_agent_url(url: Any) -> str:
    return _validate_url("agent_url", url, AGENT_URL, "ws")


def _validate_url(name: str, url: Any, default: str, scheme: Literal["http", "ws"]) -> str:
    # A URL with an @ may contain a password; no message shows it then.
    hint = name if isinstance(url, Secret) else f"{name}={url!r}"
    parts = _parse_url(url)
    if parts is None:
        raise ConfigurationError(f"{hint} is not a URL; the default is {default}")
    url = Secret(url.strip())
    if parts.has_credentials:
        raise ConfigurationError(f"{name} contains a user name or password: pass the token as api_token=")
    # Characters that urlsplit drops, or that other parsers read differently (a backslash ends the host for some), could
    # send the token to another host.
    if not url.isprintable() or " " in url or "\\" in url:
        raise ConfigurationError(f"{hint} contains a space, a backslash or a control character")
    if parts.has_query_or_fragment or not parts.host:
        raise ConfigurationError(f"{hint} must be a plain URL such as {default}, without query or fragment")
    if parts.scheme != f"{scheme}s" and not (parts.scheme == scheme and is_loopback(parts.host)):
        raise ConfigurationError(
            f"{hint} must start with {scheme}s:// ({scheme}:// only on this machine: it carries a token)"
        )
    return str(url).rstrip("/")


class _URL(NamedTuple):
    """The parts of a URL that are validated; a password in it is not kept."""

    scheme: str
    host: str
    has_credentials: bool
    has_query_or_fragment: bool


def _parse_url(url: Any) -> _URL | None:
    """Return None if it is not a URL."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url.strip())
        _ = parts.port  # raises ValueError if it is invalid
    except ValueError:
        return None
    has_credentials = parts.username is not None or parts.password is not None
    return _URL(parts.scheme, parts.hostname or "", has_credentials, bool(parts.query or parts.fragment))


def is_loopback(host: str) -> bool:
    """Return whether a host name means this machine."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost") or name == "::1":
        return True
    numbers = name.split(".")
    return len(numbers) == 4 and numbers[0] == "127" and all(n.isascii() and n.isdigit() for n in numbers)
