"""Where a client's settings come from: explicit argument, then `configure()`, then the environment, then the default.

Sources: the API's address and its bearer token, https://developers.cloudflare.com/api/.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, TypedDict, Unpack
from urllib.parse import urlsplit

from realtimekit.errors import ConfigurationError
from realtimekit.kwargs import validate_kwargs

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtimekit.interfaces import AsyncTransport, Attempt, Limiter, Transport

    Hook: TypeAlias = Callable[[Attempt], object]

BASE_URL = "https://api.cloudflare.com/client/v4"
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
}

HOOKS = ("on_request", "on_response", "on_retry")

_configured: dict[str, Any] = {}


class Secret(str):
    """A text that shows itself in no traceback and no debugger; `str()` and f-strings give it as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"


class ClientOptions(TypedDict, total=False):
    """What a client can be told. What is None or left out comes from `configure()`, the environment, the default."""

    api_token: str | None  # with the permission "Realtime" or "Realtime Admin"
    account_id: str | None  # the Cloudflare account
    app_id: str | None  # the RealtimeKit app
    base_url: str | None  # where the API is; https, or plain http on this machine (the emulator)
    timeout: float | None  # seconds for a call, from connecting to the end of the answer (30)
    max_retries: int | None  # how often a request that may safely be sent again is sent again (2)
    limiter: Literal["auto", "off"] | Limiter | None  # what keeps to the rate limit ("auto": shared in this process)
    on_request: Hook | None  # called before each sending of a request, with an `Attempt`
    on_response: Hook | None  # called after each, with what became of it
    on_retry: Hook | None  # called before the wait for the next


class Settings(NamedTuple):
    """What a client was told, resolved and checked; it never changes."""

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

    @property
    def authorization(self) -> str:
        """The value of the `Authorization` header."""
        return Secret(f"Bearer {self.api_token}")

    def required(self, name: Literal["account_id", "app_id"]) -> str:
        """A setting that a call cannot do without.

        Raises:
            ConfigurationError: it is not set.
        """
        if value := getattr(self, name):
            return str(value)
        raise ConfigurationError(missing_setting(name))

    def __repr__(self) -> str:  # never the token
        return f"<Settings {self.base_url} account_id={self.account_id!r} app_id={self.app_id!r}>"


def configure(*, transport: TransportName | Transport | None = None, **given: Unpack[ClientOptions]) -> None:
    """Set what the default client (`Session.find(...)`) and every later client start from.

    What is None keeps its value. Records already read keep the client they came from.

    Args:
        transport: "auto", "httpcore2", "pyreqwest", or an object with a `send` method.
        given: `api_token`, `account_id`, `app_id`, `base_url`, `timeout` (seconds), `max_retries`, `limiter`,
            `on_request`, `on_response`, `on_retry`: see `ClientOptions`.

    Raises:
        ConfigurationError: a value cannot be right.
    """
    hide_secrets(given)
    validate_kwargs(configure, given)
    told = {name: value for name, value in {**given, "transport": transport}.items() if value is not None}
    _configured.update(_check(told))


def resolve(**given: Any) -> Settings:
    """The settings in force.

    Raises:
        ConfigurationError: there is no token, or a value cannot be right.
    """
    hide_secrets(given)
    values: dict[str, Any] = {"account_id": None, "app_id": None, "base_url": BASE_URL, "timeout": TIMEOUT}
    values |= {"max_retries": MAX_RETRIES, "transport": "auto"}
    in_environment = {name: os.environ.get(variable, "").strip() for name, variable in ENVIRONMENT.items()}
    values |= {name: value for name, value in hide_secrets(in_environment).items() if value}
    values |= _configured
    values |= {name: value for name, value in given.items() if value is not None}
    if "api_token" not in values:
        raise ConfigurationError(missing_setting("api_token"))
    return Settings(**_check(values))


def hide_secrets(given: Any) -> Any:
    """Hide the secrets among these keywords, in place, before anything fails: error trackers send local variables."""
    if given.get("api_token") is not None:
        # What is no text cannot be hidden: its type is enough to refuse it.
        kind = type(given["api_token"])
        given["api_token"] = Secret(given["api_token"]) if issubclass(kind, str) else kind
    if "@" in str(given.get("base_url")):  # it may hold a password
        given["base_url"] = Secret(given["base_url"])
    return given


def missing_setting(name: str) -> str:
    """What to say when a setting is needed and not there."""
    return f"{name} is not set: pass {name}=, call realtimekit.configure({name}=...), or set {ENVIRONMENT[name]}"


def _check(values: dict[str, Any]) -> dict[str, Any]:
    """Refuse what cannot be right; tidy the rest in place."""
    if "api_token" in values:
        values["api_token"] = _checked_token(values["api_token"])
    if "base_url" in values:
        values["base_url"] = _checked_base_url(values["base_url"])
    if "timeout" in values:
        values["timeout"] = validate_timeout(values["timeout"])
    retries = values.get("max_retries", 0)
    if not isinstance(retries, int) or isinstance(retries, bool) or retries < 0:
        raise ConfigurationError(f"max_retries={retries!r}: must be a whole number, 0 or more")
    transport = values.get("transport", "auto")
    if not (transport in TRANSPORTS if isinstance(transport, str) else callable(getattr(transport, "send", None))):
        raise ConfigurationError(
            f"transport={transport!r}: must be one of {', '.join(TRANSPORTS)}, or an object with a `send` method"
        )
    limiter = values.get("limiter", "auto")
    if not (limiter in {"auto", "off"} if isinstance(limiter, str) else callable(getattr(limiter, "reserve", None))):
        raise ConfigurationError(f"limiter={limiter!r}: must be 'auto', 'off', or an object with a `reserve` method")
    for name in HOOKS:
        if (hook := values.get(name)) is not None:
            _check_hook(name, hook)
    return values


def _check_hook(name: str, hook: object) -> None:
    if not callable(hook):
        raise ConfigurationError(f"{name}={hook!r}: must be a function that takes an Attempt")
    from inspect import iscoroutinefunction

    if iscoroutinefunction(hook):
        raise ConfigurationError(f"{name}={hook!r}: must be a plain function, also for an async client")


def validate_timeout(timeout: object) -> float:
    """Seconds, more than none."""
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout < threading.TIMEOUT_MAX:
        raise ConfigurationError(
            f"timeout={timeout!r}: must be a number of seconds above 0, and below {threading.TIMEOUT_MAX:.0f}"
        )
    return float(timeout)


def _checked_token(token: Secret | type) -> Secret:
    # The value itself is in no message.
    if isinstance(token, type):
        raise ConfigurationError(f"api_token must be a text, not {token.__name__}")
    token = Secret(token.strip())
    if not token:
        raise ConfigurationError("api_token is empty: " + missing_setting("api_token").partition(": ")[2])
    if token.lower().startswith("bearer "):
        raise ConfigurationError("api_token starts with 'Bearer': give the token alone")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError("api_token holds a space, a control or a non-ASCII character: copy the token again")
    return token


def _checked_base_url(url: Any) -> str:
    # A URL with an @ may hold a password: then it is in no message.
    hint = "base_url" if isinstance(url, Secret) else f"base_url={url!r}"
    parts = _parts(url)
    if parts is None:
        raise ConfigurationError(f"{hint} is no URL; the default is {BASE_URL}")
    url = Secret(url.strip())
    if parts.credentials:
        raise ConfigurationError("base_url holds a user name or password: give the token as api_token=")
    # What urlsplit drops, or others read otherwise (a backslash ends the host for some), could lead the token astray.
    if not url.isprintable() or " " in url or "\\" in url:
        raise ConfigurationError(f"{hint} holds a space, a backslash or a control character")
    if parts.more or not parts.host:
        raise ConfigurationError(f"{hint} must be a plain URL such as {BASE_URL}, without query or fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.host)):
        raise ConfigurationError(f"{hint} must start with https:// (http:// only for this machine: it carries a token)")
    return str(url).rstrip("/")


class _Parts(NamedTuple):
    """What is to be known of a base_url, without what must not be in it."""

    scheme: str
    host: str
    credentials: bool
    more: bool  # a query, or a fragment


def _parts(url: Any) -> _Parts | None:
    """None where it is no URL."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url.strip())
        _ = parts.port  # which is read only now
    except ValueError:
        return None
    credentials = parts.username is not None or parts.password is not None
    return _Parts(parts.scheme, parts.hostname or "", credentials, bool(parts.query or parts.fragment))


def is_loopback(host: str) -> bool:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost") or name == "::1":
        return True
    numbers = name.split(".")
    return len(numbers) == 4 and numbers[0] == "127" and all(n.isascii() and n.isdigit() for n in numbers)
