"""Where a client's settings come from: explicit argument, then `configure()`, then the environment, then the default.

Sources: the API's address and its bearer token, https://developers.cloudflare.com/api/.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from realtimekit.errors import ConfigurationError

if TYPE_CHECKING:
    from realtimekit.transports import AsyncTransport, Transport

BASE_URL = "https://api.cloudflare.com/client/v4"
TIMEOUT = 30.0
MAX_RETRIES = 2

TransportName: TypeAlias = Literal["auto", "httpx2", "pyreqwest"]
TRANSPORTS: tuple[TransportName, ...] = ("auto", "httpx2", "pyreqwest")

# setting -> environment variable
ENVIRONMENT = {
    "api_token": "CLOUDFLARE_API_TOKEN",
    "account_id": "CLOUDFLARE_ACCOUNT_ID",
    "app_id": "REALTIMEKIT_APP_ID",
    "base_url": "REALTIMEKIT_BASE_URL",
    "transport": "REALTIMEKIT_TRANSPORT",
}

_configured: dict[str, Any] = {}


class Settings(NamedTuple):
    """What a client was told, resolved and checked; it never changes."""

    api_token: str
    account_id: str | None
    app_id: str | None
    base_url: str
    timeout: float
    max_retries: int
    transport: TransportName | Transport | AsyncTransport

    def required(self, name: Literal["account_id", "app_id"]) -> str:
        """A setting that a call cannot do without.

        Raises:
            ConfigurationError: it is not set.
        """
        if value := getattr(self, name):
            return str(value)
        raise ConfigurationError(missing(name))

    def __repr__(self) -> str:  # never the token
        return f"<Settings {self.base_url} account_id={self.account_id!r} app_id={self.app_id!r}>"


def configure(
    *,
    api_token: str | None = None,
    account_id: str | None = None,
    app_id: str | None = None,
    base_url: str | None = None,
    timeout: float | None = None,
    max_retries: int | None = None,
    transport: TransportName | Transport | None = None,
) -> None:
    """Set what the default client (`Session.find(...)`) and every later client start from.

    What is None keeps its value. Records already read keep the client they came from.

    Args:
        api_token: an API token with the permission "Realtime" or "Realtime Admin".
        account_id: the Cloudflare account.
        app_id: the RealtimeKit app.
        base_url: where the API is; https, or plain http on this machine (the emulator).
        timeout: seconds for each of connecting, sending and waiting for more of the answer (30).
        max_retries: how often a request that may be sent again is sent again (2).
        transport: "auto", "httpx2", "pyreqwest", or an object with a `send` method.

    Raises:
        ConfigurationError: a value cannot be right.
    """
    given = {name: value for name, value in locals().items() if value is not None}
    _check(given)
    _configured.update(given)


def resolve(**explicit: Any) -> Settings:
    """The settings in force.

    Raises:
        ConfigurationError: there is no token, or a value cannot be right.
    """
    values: dict[str, Any] = {"account_id": None, "app_id": None, "base_url": BASE_URL, "timeout": TIMEOUT}
    values |= {"max_retries": MAX_RETRIES, "transport": "auto"}
    values |= {name: value for name, variable in ENVIRONMENT.items() if (value := os.environ.get(variable, "").strip())}
    values |= _configured
    values |= {name: value for name, value in explicit.items() if value is not None}
    if "api_token" not in values:
        raise ConfigurationError(missing("api_token"))
    return Settings(**_check(values))


def missing(name: str) -> str:
    """What to say when a setting is needed and not there."""
    return f"{name} is not set: pass {name}=, call realtimekit.configure({name}=...), or set {ENVIRONMENT[name]}"


def _check(values: dict[str, Any]) -> dict[str, Any]:
    """Refuse what cannot be right; tidy the rest in place."""
    if "api_token" in values:
        values["api_token"] = _checked_token(values["api_token"])
    if "base_url" in values:
        values["base_url"] = _checked_base_url(values["base_url"])
    if "timeout" in values:
        values["timeout"] = checked_timeout(values["timeout"])
    retries = values.get("max_retries", 0)
    if not isinstance(retries, int) or isinstance(retries, bool) or retries < 0:
        raise ConfigurationError(f"max_retries={retries!r}: must be a whole number, 0 or more")
    transport = values.get("transport", "auto")
    if not (transport in TRANSPORTS if isinstance(transport, str) else callable(getattr(transport, "send", None))):
        raise ConfigurationError(
            f"transport={transport!r}: must be one of {', '.join(TRANSPORTS)}, or an object with a `send` method"
        )
    return values


def checked_timeout(timeout: object) -> float:
    """Seconds, more than none."""
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout < float("inf"):
        raise ConfigurationError(f"timeout={timeout!r}: must be a number of seconds above 0")
    return float(timeout)


def _checked_token(token: object) -> str:
    # The value itself is in no message.
    if not isinstance(token, str) or not token.strip():
        raise ConfigurationError("api_token is empty: " + missing("api_token").partition(": ")[2])
    token = token.strip()
    if token.lower().startswith("bearer "):
        raise ConfigurationError("api_token starts with 'Bearer': give the token alone")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ConfigurationError("api_token holds a space, a control or a non-ASCII character: copy the token again")
    return token


def _checked_base_url(url: Any) -> str:
    # A URL with an @ may hold a password: then it is in no message.
    hint = "base_url" if "@" in str(url) else f"base_url={url!r}"
    try:
        url = url.strip()
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except (AttributeError, TypeError, ValueError):
        raise ConfigurationError(f"{hint} is no URL; the default is {BASE_URL}") from None
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("base_url holds a user name or password: give the token as api_token=")
    # What urlsplit drops, or others read otherwise (a backslash ends the host for some), could lead the token astray.
    if not isinstance(url, str) or not url.isprintable() or " " in url or "\\" in url:
        raise ConfigurationError(f"{hint} holds a space, a backslash or a control character")
    if parts.query or parts.fragment or not host:
        raise ConfigurationError(f"{hint} must be a plain URL such as {BASE_URL}, without query or fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise ConfigurationError(f"{hint} must start with https:// (http:// only for this machine: it carries a token)")
    return str(url).rstrip("/")


def _is_loopback(host: str) -> bool:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost") or name == "::1":
        return True
    numbers = name.split(".")
    return len(numbers) == 4 and numbers[0] == "127" and all(n.isascii() and n.isdigit() for n in numbers)
