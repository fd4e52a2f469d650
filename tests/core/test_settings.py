"""Settings: their sources, their validation, and that the token is never shown."""

from __future__ import annotations

from typing import Any

import pytest

import realtimekit
from realtimekit import AsyncRealtimeKit, ConfigurationError, RealtimeKit, Session
from realtimekit.client import default_client
from realtimekit.settings import BASE_URL, resolve, resolve_agent_url

from .scripted import (
    SETTINGS,
    TOKEN,
    AsyncScriptedTransport,
    Mode,
    Script,
    ScriptedTransport,
    client_of,
    default_to,
    ok,
)

TRANSPORT = ScriptedTransport(Script())

VARIABLES = {
    "api_token": "CLOUDFLARE_API_TOKEN",
    "account_id": "CLOUDFLARE_ACCOUNT_ID",
    "app_id": "REALTIMEKIT_APP_ID",
    "base_url": "REALTIMEKIT_BASE_URL",
    "transport": "REALTIMEKIT_TRANSPORT",
    "agent_url": "REALTIMEKIT_AGENT_URL",
}
VALUES: dict[str, tuple[Any, Any, Any]] = {  # in the environment, configured, explicit
    "api_token": ("t-env", "t-conf", "t-arg"),
    "account_id": ("a-env", "a-conf", "a-arg"),
    "app_id": ("p-env", "p-conf", "p-arg"),
    "base_url": ("https://env.test", "https://conf.test", "https://arg.test"),
    "transport": ("httpcore2", TRANSPORT, "auto"),
    "agent_url": ("wss://env.test/a", "wss://conf.test/a", "wss://arg.test/a"),
}
DEFAULTS = {
    "account_id": None,
    "app_id": None,
    "base_url": BASE_URL,
    "timeout": 30.0,
    "max_retries": 2,
    "agent_url": None,
}
WATCHING = {"limiter": "auto", "on_request": None, "on_response": None, "on_retry": None, "on_wait": None}


class TestPrecedence:
    @pytest.mark.parametrize("name", VALUES)
    def test_explicit_then_configured_then_environment(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        in_environment, configured, explicit = VALUES[name]
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
        monkeypatch.setenv(VARIABLES[name], in_environment)
        assert getattr(resolve(), name) == in_environment
        realtimekit.configure(**{name: configured})
        assert getattr(resolve(), name) == configured
        assert getattr(resolve(**{name: explicit}), name) == explicit
        assert getattr(resolve(**{name: None}), name) == configured

    def test_defaults(self) -> None:
        assert resolve(api_token=TOKEN)._asdict() == {**DEFAULTS, **WATCHING, "api_token": TOKEN, "transport": "auto"}

    @pytest.mark.parametrize(("name", "value"), [("timeout", 7.5), ("max_retries", 0)])
    def test_numbers_can_be_configured(self, name: str, value: Any) -> None:
        realtimekit.configure(api_token=TOKEN, **{name: value})
        assert getattr(resolve(), name) == value

    def test_configure_keeps_other_options(self) -> None:
        realtimekit.configure(api_token=TOKEN, app_id="a")
        realtimekit.configure(account_id="b")
        settings = resolve()
        assert (settings.api_token, settings.app_id, settings.account_id) == (TOKEN, "a", "b")

    @pytest.mark.parametrize("blank", ["", "  ", "\n"])
    def test_a_blank_variable_is_ignored(self, blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
        for variable in VARIABLES.values():
            monkeypatch.setenv(variable, blank)
        assert resolve(api_token=TOKEN) == resolve(api_token=TOKEN, **DEFAULTS)

    def test_a_variable_is_trimmed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", f" {TOKEN}\n")
        monkeypatch.setenv("REALTIMEKIT_APP_ID", "app\n")
        assert (resolve().api_token, resolve().app_id) == (TOKEN, "app")


class TestRefusals:
    @pytest.mark.parametrize("value", [0, -1, 1e10, "30", True, float("inf"), float("nan"), [], 1j])
    def test_timeout(self, value: Any) -> None:
        self.refused("timeout=.*seconds above 0", timeout=value)

    @pytest.mark.parametrize("value", [-1, 1.5, "2", True, []])
    def test_max_retries(self, value: Any) -> None:
        self.refused("max_retries=.*whole number", max_retries=value)

    @pytest.mark.parametrize("value", ["", "httpx", "AUTO", 7, object(), {"a": 1}])
    def test_transport(self, value: Any) -> None:
        self.refused("transport=.*auto, httpcore2, pyreqwest.*`send`", transport=value)

    def test_an_async_transport_needs_an_async_client(self) -> None:
        awaiting: Any = AsyncScriptedTransport(Script())
        with pytest.raises(
            ConfigurationError, match=r"^transport=.*: its send\(\) is async; a RealtimeKit needs a blocking"
        ):
            RealtimeKit(**SETTINGS, transport=awaiting)
        AsyncRealtimeKit(**SETTINGS, transport=awaiting)
        AsyncRealtimeKit(**SETTINGS, transport=TRANSPORT)
        realtimekit.configure(**SETTINGS, transport=awaiting)
        with pytest.raises(ConfigurationError, match=r"its send\(\) is async"):
            default_client()

    def test_an_unknown_option_is_named_with_a_suggestion(self) -> None:
        make: Any
        for make in (RealtimeKit, AsyncRealtimeKit, realtimekit.configure, client_of(Script()).with_options):
            with pytest.raises(TypeError, match=r"unexpected keyword argument 'tiemout'; did you mean 'timeout'\?"):
                make(api_token=TOKEN, tiemout=3)

    def refused(self, words: str, **setting: Any) -> None:
        with pytest.raises(ConfigurationError, match=words):
            RealtimeKit(**{**SETTINGS, **setting})
        if "transport" not in setting:
            with pytest.raises(ConfigurationError, match=words):
                client_of(Script()).with_options(**setting)
        realtimekit.configure(app_id="before")
        changes: dict[str, Any] = {"app_id": "after", **setting}
        with pytest.raises(ConfigurationError, match=words):
            realtimekit.configure(**changes)
        assert resolve(api_token=TOKEN).app_id == "before", "a refused configure() changes nothing"

    @pytest.mark.parametrize("name", ["account_id", "app_id"])
    @pytest.mark.parametrize(
        "value", ["a b", "acc\n", " acc", "acc\r\nX-Evil: 1", "a\tb", "acc\x00", "a\u00a0b", "\u200bacc"]
    )
    def test_an_id_with_a_space_or_a_line_end(self, name: str, value: str) -> None:
        setting: dict[str, Any] = {name: value}
        self.refused(f"^{name}=.* contains a space, a line break or another invisible character", **setting)
        script = Script()
        with pytest.raises(ValueError, match=f"^{name}=.* contains a space"):  # of one call
            client_of(script).sessions.find("sess-1", **setting)
        with pytest.raises(ValueError, match=f"^{name}=.* contains a space"):
            client_of(script).sessions.where(**setting).first()
        with pytest.raises(ValueError, match=f"^{name}=.* contains a space"):
            client_of(script).sessions.ref("sess-1", **setting)
        assert script.calls == []

    @pytest.mark.parametrize("name", ["account_id", "app_id"])
    def test_an_id_that_is_no_string(self, name: str) -> None:
        self.refused(f"^{name} must be a string, not int$", **{name: 5})

    def test_an_id_in_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(
            "CLOUDFLARE_ACCOUNT_ID", "acc\n"
        )  # as `$(cat file)` may leave it: spaces at the ends are no part
        assert resolve(api_token=TOKEN).account_id == "acc"
        monkeypatch.setenv("REALTIMEKIT_APP_ID", "a b")
        with pytest.raises(ConfigurationError, match="app_id='a b' contains a space"):
            resolve(api_token=TOKEN)

    def test_a_bad_transport_in_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REALTIMEKIT_TRANSPORT", "requests")
        with pytest.raises(ConfigurationError, match="transport='requests'"):
            RealtimeKit(api_token=TOKEN)

    def test_no_token_names_all_three_ways(self) -> None:
        with pytest.raises(ConfigurationError, match=r"pass api_token=, .*configure\(api_token=.*CLOUDFLARE_API_TOKEN"):
            RealtimeKit()

    @pytest.mark.parametrize("name", ["account_id", "app_id"])
    def test_a_missing_id_names_the_argument_and_the_variable(self, mode: Mode, name: str) -> None:
        client = mode.client(Script(), **{name: None})
        with pytest.raises(ConfigurationError, match=f"{name} is not set: pass {name}=.*{VARIABLES[name]}"):
            mode.get(client.sessions.all())
        with pytest.raises(ConfigurationError, match=VARIABLES[name]):
            client.settings.required(name)


class TestToken:
    @pytest.mark.parametrize(
        ("token", "words"),
        [
            ("", "empty"),
            (" \n", "empty"),
            (b"s3cret-bytes", "^api_token must be a string, not bytes$"),
            (7355608, "^api_token must be a string, not int$"),
            ("Bearer s3cret", "Bearer"),
            ("bearer  s3cret", "Bearer"),
            ("s3cret\nX-Evil: 1", "control"),
            ("s3\rcret", "control"),
            ("s3cret value", "space"),
            ("s3crét", "non-ASCII"),
            ("s3cret\x00", "control"),
            ("“s3cret”", "non-ASCII"),
        ],
    )
    def test_an_invalid_one_is_rejected_and_not_shown(self, token: Any, words: str) -> None:
        for call in (realtimekit.configure, RealtimeKit):
            with pytest.raises(ConfigurationError, match=words) as caught:
                call(api_token=token)
            for secret in ("s3c", "s3\r", "7355608"):
                assert secret not in str(caught.value)
                assert secret not in repr(caught.value)

    def test_space_around_it_is_trimmed(self) -> None:
        assert resolve(api_token=f" {TOKEN}\n").api_token == TOKEN

    def test_it_is_in_no_repr(self, mode: Mode) -> None:
        client = mode.client(Script())
        things = [client, client.settings, client.sessions, client.meetings.where(search="x"), client.sessions.ref("s")]
        for thing in things:
            assert TOKEN not in repr(thing)
            assert TOKEN not in str(thing)
            assert TOKEN not in f"{thing}"


GOOD_URLS = [
    "https://api.cloudflare.com/client/v4",
    "https://proxy.example:8443/cf",
    "HTTPS://API.EXAMPLE",
    "http://localhost:8787",
    "http://LOCALHOST",
    "HTTP://localhost",
    "http://localhost.",
    "http://emulator.localhost/client/v4",
    "http://127.0.0.1:1",
    "http://127.8.9.1",
    "http://[::1]:80/x",
]
BAD_URLS = [
    "http://api.cloudflare.com",
    "http://example.com",
    "http://127.0.0.1.evil.com",
    "http://127.evil.com",
    "http://localhost.evil.com",
    "http://localhostevil.com",
    "http://evillocalhost",
    "http://evil.com/localhost",
    "http://127.1",
    "http://2130706433",
    "http://0x7f.0.0.1",
    "http://0.0.0.0",
    "http://[::]",
    "http://[::ffff:8.8.8.8]",
    "http://192.168.0.1",
    "http://127.0.0.１",
    "http://127.0.0.1%2eevil.com",
    "http://ⓛocalhost",
    "http://evil.com#.localhost",
    "http://evil.com?.localhost",
    "http://localhost\t.evil.com",
    "ftp://localhost",
    "file:///etc/passwd",
    "//localhost",
    "localhost:8787",
    "api.cloudflare.com",
    "https://",
    "https:///path",
    "",
    " ",
    "https://host:port",
    "https://host:99999",
    "https://[::1",
    "https://host/?q=1",
    "https://host/#f",
    7,
    b"https://host",
    ["https://host"],
]


class TestBaseUrl:
    @pytest.mark.parametrize("url", GOOD_URLS)
    def test_https_or_this_machine(self, url: str) -> None:
        assert resolve(api_token=TOKEN, base_url=url).base_url == url

    @pytest.mark.parametrize("url", ["https://host/x/", " https://host/x ", "https://host/x//\n"])
    def test_is_normalized(self, url: str) -> None:
        assert resolve(api_token=TOKEN, base_url=url).base_url == "https://host/x"

    @pytest.mark.parametrize("url", BAD_URLS)
    def test_any_other_is_rejected(self, url: Any) -> None:
        with pytest.raises(ConfigurationError, match="base_url="):
            resolve(api_token=TOKEN, base_url=url)

    @pytest.mark.parametrize("url", ["http://evil.com\\.localhost/", "http://evil.com\\x.localhost"])
    def test_a_host_that_other_parsers_read_differently_is_rejected(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match="base_url="):
            resolve(api_token=TOKEN, base_url=url)

    def test_one_from_the_environment_is_validated_as_well(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REALTIMEKIT_BASE_URL", "http://evil.com")
        with pytest.raises(ConfigurationError, match=r"evil\.com.*https://"):
            RealtimeKit(api_token=TOKEN)

    @pytest.mark.parametrize(
        "url", ["https://user@host", "https://user:hunter2@host", "http://localhost@evil.com", "https://:hunter2@host"]
    )
    def test_with_a_user_or_password_is_rejected_without_showing_it(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match="user name or password") as caught:
            resolve(api_token=TOKEN, base_url=url)
        assert "hunter2" not in str(caught.value)

    @pytest.mark.parametrize(
        "url", ["https://user:hunter2@host:port", "https://user:hunter2@[host", "https://user:hunter2@host:99999"]
    )
    def test_a_password_in_an_invalid_one_is_not_shown(self, url: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            resolve(api_token=TOKEN, base_url=url)
        assert "hunter2" not in str(caught.value)

    @pytest.mark.parametrize("url", ["https://ho\nst/x", "http://local\thost/x", "https://host/a\r\nb"])
    def test_control_characters_inside_are_rejected(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match="base_url"):
            resolve(api_token=TOKEN, base_url=url)


class TestWithOptions:
    def test_changes_the_given_options(self, mode: Mode) -> None:
        script = Script(ok({"id": "s"}), ok({"id": "s"}))
        client = mode.client(script)
        clone = client.with_options(app_id="other", api_token="t2", timeout=1, base_url="https://b.test", max_retries=0)
        assert type(clone) is type(client)
        mode.get(clone.sessions.find("s"))
        mode.get(client.sessions.find("s"))
        first, second = script.requests
        assert first.url == "https://b.test/accounts/acc/realtime/kit/other/sessions/s"
        assert (first.headers["authorization"], first.timeout) == ("Bearer t2", 1.0)
        assert (second.headers["authorization"], second.timeout) == (f"Bearer {TOKEN}", 30.0)
        assert (clone.settings.max_retries, client.settings.max_retries) == (0, 2)

    def test_shares_the_connections_and_their_closing(self, mode: Mode) -> None:
        client = mode.client(Script())
        clone = client.with_options(app_id="other")
        mode.get(clone.close())
        with pytest.raises(ConfigurationError, match="closed"):
            mode.get(client.sessions.find("s"))

    def test_an_unknown_one_is_a_type_error(self) -> None:
        client: Any = client_of(Script())
        with pytest.raises(TypeError, match="transport"):
            client.with_options(transport="auto")


class TestDefaultClient:
    def test_is_reused_while_nothing_changes(self) -> None:
        realtimekit.configure(api_token=TOKEN)
        assert default_client() is default_client()
        realtimekit.configure(api_token=TOKEN)
        assert default_client() is default_client()

    @pytest.mark.parametrize(
        ("name", "value"),
        [("api_token", "t2"), ("app_id", "b"), ("timeout", 1), ("max_retries", 9), ("transport", TRANSPORT)],
    )
    def test_is_created_again_when_configure_changes_a_setting(self, name: str, value: Any) -> None:
        realtimekit.configure(api_token=TOKEN)
        before = default_client()
        realtimekit.configure(**{name: value})
        assert default_client() is not before
        assert getattr(default_client().settings, name) == value

    def test_is_created_again_when_the_environment_changes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
        before = default_client()
        monkeypatch.setenv("REALTIMEKIT_APP_ID", "other")
        assert default_client().settings.app_id == "other"
        assert default_client() is not before

    def test_is_created_again_after_it_was_closed(self) -> None:
        realtimekit.configure(api_token=TOKEN)
        with default_client() as before:
            pass
        assert default_client() is not before

    def test_a_record_keeps_its_client(self) -> None:
        first, second = Script(ok({"id": "s"}), ok({"id": "s", "status": "ENDED"})), Script()
        default_to(first)
        session = Session.find("s")
        realtimekit.configure(transport=ScriptedTransport(second), api_token="t2")
        assert session.reload().status == "ENDED"
        assert first.requests[1].headers["authorization"] == f"Bearer {TOKEN}"

    def test_without_a_token_the_error_says_how_to_set_one(self) -> None:
        with pytest.raises(ConfigurationError, match="CLOUDFLARE_API_TOKEN"):
            Session.find("s", app_id="a")


class TestClosed:
    def test_a_closed_client_raises_a_clear_error(self, mode: Mode) -> None:
        script = Script(ok({"id": "s", "status": "LIVE"}))
        client = mode.client(script)
        session = mode.get(client.sessions.find("s"))
        mode.get(client.close())
        for call in (session.reload, client.sessions.all, client.apps.current):
            with pytest.raises(ConfigurationError, match="this client is closed"):
                mode.get(call())
        assert session.status == "LIVE"
        mode.get(client.close())  # twice does no harm
        assert len(script.requests) == 1


class TestAgentURL:
    @pytest.mark.parametrize(
        ("base_url", "agent_url"),
        [
            (BASE_URL, "wss://api.realtime.cloudflare.com/agent-ws/v1"),
            ("http://127.0.0.1:8787/client/v4", "ws://127.0.0.1:8787/agent-ws/v1"),
            ("http://[::1]:8787/client/v4", "ws://[::1]:8787/agent-ws/v1"),
            ("http://emulator.localhost/client/v4", "ws://emulator.localhost/agent-ws/v1"),
            ("https://localhost:8443/client/v4", "wss://localhost:8443/agent-ws/v1"),
        ],
    )
    def test_it_follows_from_the_base_url(self, base_url: str, agent_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        assert resolve_agent_url(None, resolve(api_token=TOKEN, base_url=base_url)) == agent_url
        monkeypatch.setenv("REALTIMEKIT_BASE_URL", base_url)
        assert resolve_agent_url() == agent_url, "without a token of the API"

    def test_it_follows_from_no_other_server(self) -> None:
        settings = resolve(api_token=TOKEN, base_url="https://proxy.test/client/v4")
        with pytest.raises(ConfigurationError, match=r"pass agent_url=, or set REALTIMEKIT_AGENT_URL"):
            resolve_agent_url(None, settings)
        assert resolve_agent_url("wss://proxy.test/live", settings) == "wss://proxy.test/live"

    @pytest.mark.parametrize(
        ("url", "problem"),
        [
            ("ws://agent.test/v1", "must start with wss://"),
            ("https://agent.test/v1", "must start with wss://"),
            ("wss://agent.test/v1?a=b", "without query"),
            ("wss://u:pass-word@agent.test/v1", "user name or password"),
            ("wss://agent.test/\\@x", "a backslash"),
            (5, "is not a URL"),
        ],
    )
    def test_wrong_ones(self, url: Any, problem: str) -> None:
        with pytest.raises(ConfigurationError, match=problem) as caught:
            resolve(api_token=TOKEN, agent_url=url)
        assert "pass-word" not in str(caught.value)
        with pytest.raises(ConfigurationError, match=problem):
            resolve_agent_url(url)
