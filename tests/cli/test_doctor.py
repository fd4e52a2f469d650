"""`realtimekit doctor`: finds each kind of problem, over real HTTP, and never shows the token."""

from __future__ import annotations

import json
import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from realtimekit import __version__
from realtimekit.doctor import diagnose
from realtimekit.emulator import Emulator
from realtimekit.interfaces import Request, Response
from realtimekit.transports.emulator import connected
from tests.transports.loopback import Server, answer, proxy

from .command import environment, invoke, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtimekit.doctor import Diagnosis
    from tests.transports.loopback import Connection

    from .conftest import Served

TOKEN = "t0ken-that-nobody-may-see"
ACCOUNT = "0123456789abcdef0123456789abcdef"
KIT = f"/client/v4/accounts/{ACCOUNT}/realtime/kit"
VERIFY_ACCOUNT, VERIFY_USER = f"/client/v4/accounts/{ACCOUNT}/tokens/verify", "/client/v4/user/tokens/verify"
ACTIVE = {"success": True, "errors": [], "messages": [], "result": {"id": "x", "status": "active"}}
APPS = {"success": True, "data": [{"id": "app-1", "name": "One"}], "paging": {"total_count": 1}}
OTHERS = {"success": True, "data": [{"id": "app-2", "name": "Two"}]}


def gateway(code: int, message: str, **more: Any) -> dict[str, Any]:
    return {
        "success": False,
        "errors": [{"code": code, "message": message, **more}],
        "messages": [],
        "result": None,
    }


def kit(code: int, message: str) -> dict[str, Any]:
    return {"success": False, "error": {"code": code, "message": message}}


Said = dict[str, tuple[int, Any]]
REFUSED: tuple[int, Any] = (401, gateway(10000, "Authentication error"))
FORBIDDEN: tuple[int, Any] = (403, gateway(10000, "Authentication error"))


def scripted(said: Said) -> Server:
    """A server with a response for each path, and 404 for others."""

    def script(connection: Connection) -> None:
        while request := connection.receive():
            status, body = said.get(request.target, (404, kit(404, "resource not found")))
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.send(answer(content, status=f"{status} X", headers=("Content-Type: application/json",)))

    return Server(script)


def env(base_url: str, **more: str) -> dict[str, str]:
    return environment(
        REALTIMEKIT_BASE_URL=base_url,
        CLOUDFLARE_API_TOKEN=TOKEN,
        CLOUDFLARE_ACCOUNT_ID=ACCOUNT,
        REALTIMEKIT_APP_ID="app-1",
        **more,
    )


def found(variables: dict[str, str], *options: str) -> dict[str, Any]:
    """The problem that is found, the same in JSON and in text, and without the token."""
    text, as_json = invoke("doctor", *options, env=variables), invoke("doctor", "--json", *options, env=variables)
    assert (text.exit_code, as_json.exit_code) == (1, 1)
    assert (text.stderr, as_json.stderr) == ("", "")
    assert TOKEN not in text.stdout + as_json.stdout
    assert as_json.stdout.isascii()
    report = json.loads(as_json.stdout)
    problem: dict[str, Any] = report["problem"]
    assert problem["message"] in text.stdout
    assert problem["fixes"]
    assert "1. " in text.stdout.partition("What to do:")[2]
    return problem


def test_no_problem(served: Served) -> None:
    result = invoke("doctor", env=served.env)
    assert result.exit_code == 0, result.output
    assert "All is well" in result.stdout
    assert served.emulator.api_token not in result.stdout
    calls = [request["path"] for request in served.emulator.requests()]
    assert len(calls) == 3
    report = json.loads(invoke("doctor", "--json", env=served.env).stdout)
    assert (report["version"], report["problem"]) == (__version__, None)
    assert report["transport"].startswith("httpcore2 ")
    assert len(report["passed"]) == 5
    assert {each["name"]: each["source"] for each in report["settings"]} == {
        "api_token": "CLOUDFLARE_API_TOKEN",
        "account_id": "CLOUDFLARE_ACCOUNT_ID",
        "app_id": "REALTIMEKIT_APP_ID",
        "base_url": "REALTIMEKIT_BASE_URL",
        "transport": "REALTIMEKIT_TRANSPORT",
    }


def test_by_the_installed_script(served: Served) -> None:
    ended = run("doctor", env=served.env)
    assert (ended.returncode, ended.stderr) == (0, "")
    ended = run("doctor", env={**served.env, "CLOUDFLARE_API_TOKEN": "wrong-one"})
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "(token)" in ended.stdout
    assert "wrong-one" not in ended.stdout


def test_in_python_with_an_emulator_in_this_process() -> None:
    with Emulator() as emulator:
        settings: dict[str, Any] = {**connected(emulator)}
        assert diagnose(**settings).problem is None
        settings["app_id"] = "other"
        report: Diagnosis = diagnose(**settings)
    assert report.problem is not None
    assert report.problem.kind == "app"
    assert [setting.source for setting in report.settings] == ["argument"] * 5


@pytest.mark.parametrize("missing", ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "REALTIMEKIT_APP_ID"])
def test_a_missing_setting(served: Served, missing: str) -> None:
    variables = {name: value for name, value in served.env.items() if name != missing}
    problem = found(variables)
    assert problem["kind"] == "setting"
    assert len(problem["fixes"]) == 1
    assert missing in problem["fixes"][0]
    assert served.emulator.requests() == []


def test_all_missing_settings_are_named_at_once() -> None:
    problem = found(environment())
    assert [fix.partition(":")[0] for fix in problem["fixes"]] == [
        "api_token",
        "account_id",
        "app_id",
        "or, without an account",
    ]
    assert problem["message"] == "api_token, account_id and app_id are not set"


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("CLOUDFLARE_API_TOKEN", f"Bearer {TOKEN}", "Bearer"),
        ("CLOUDFLARE_API_TOKEN", f"two words {TOKEN}", "space"),
        ("CLOUDFLARE_ACCOUNT_ID", "..", "account_id"),
        ("REALTIMEKIT_APP_ID", ".", "app_id"),
        ("REALTIMEKIT_BASE_URL", "http://api.example.com", "https"),
        ("REALTIMEKIT_BASE_URL", f"https://user:{TOKEN}@example.com", "password"),
        ("REALTIMEKIT_TRANSPORT", "carrier pigeon", "transport"),
        ("HTTP_PROXY", "nonsense://proxy", "proxy"),
    ],
)
def test_an_invalid_setting(served: Served, name: str, value: str, word: str) -> None:
    problem = found({**served.env, name: value})
    assert problem["kind"] == "setting"
    assert word in problem["message"]
    assert served.emulator.requests() == []


@pytest.mark.parametrize("library", ["httpcore2", "pyreqwest"])
def test_certificates_that_cannot_be_read(served: Served, library: str) -> None:
    environment = {"SSL_CERT_FILE": "/nowhere/ca.pem", "REALTIMEKIT_TRANSPORT": library}
    problem = found({**served.env, **environment, "REALTIMEKIT_BASE_URL": "https://127.0.0.1:9"})
    assert problem["kind"] == "setting"
    assert "SSL_CERT_FILE" in problem["message"]


@pytest.mark.parametrize(
    ("said", "kind", "words", "calls"),
    [
        pytest.param(
            {f"{KIT}/apps": REFUSED, VERIFY_ACCOUNT: REFUSED, VERIFY_USER: (401, gateway(1000, "Invalid API Token"))},
            "token", "not accepted", 3, id="a bad token",
        ),
        pytest.param({f"{KIT}/apps": (401, {"message": "Unauthorized"})}, "token", "not accepted", 3, id="bare 401"),
        pytest.param({f"{KIT}/apps": (401, b"")}, "token", "not accepted", 3, id="empty 401"),
        pytest.param(
            {f"{KIT}/apps": (400, gateway(6003, "Invalid request headers", error_chain=[{"code": 6111}]))},
            "token", "malformed", 1, id="a malformed token",
        ),
        pytest.param(
            {f"{KIT}/apps": FORBIDDEN, VERIFY_ACCOUNT: (200, ACTIVE)},
            "permission", "belongs to this account: most likely", 2, id="an account's token without the permission",
        ),
        pytest.param(
            {f"{KIT}/apps": REFUSED, VERIFY_USER: (200, {**ACTIVE, "result": {"status": "expired"}})},
            "token", "is expired", 3, id="an expired token",
        ),
        pytest.param(
            {
                f"{KIT}/apps": FORBIDDEN,
                VERIFY_USER: (200, ACTIVE),
                "/client/v4/accounts": (200, {**ACTIVE, "result": [{"id": ACCOUNT}]}),
            },
            "permission", "has access to this account: most likely", 4, id="a user's token without the permission",
        ),
        pytest.param(
            {
                f"{KIT}/apps": FORBIDDEN,
                VERIFY_USER: (200, ACTIVE),
                "/client/v4/accounts": (200, {**ACTIVE, "result": [{"id": "another"}]}),
            },
            "account", "most likely wrong", 4, id="a token of another account",
        ),
        pytest.param(
            {f"{KIT}/apps": FORBIDDEN, VERIFY_USER: (200, ACTIVE), "/client/v4/accounts": FORBIDDEN},
            "permission", "most likely", 4, id="a token that may not list accounts",
        ),
        pytest.param({f"{KIT}/apps": FORBIDDEN}, "permission", "was not rejected", 3, id="403 and no way to verify"),
        pytest.param(
            {f"{KIT}/apps": (403, gateway(9109, "Unauthorized to access requested resource")), VERIFY_USER: REFUSED},
            "token", "not accepted", 3, id="9109",
        ),
        pytest.param(
            {f"{KIT}/apps": (404, gateway(7003, "Could not route"))}, "account", "most likely", 1, id="no route"
        ),
        pytest.param({f"{KIT}/apps": (400, gateway(7003, "No route"))}, "account", "likely", 1, id="no route, 400"),
        pytest.param({f"{KIT}/apps": (200, OTHERS)}, "app", "no app app-1", 2, id="no such app"),
        pytest.param(
            {f"{KIT}/apps": (200, {**APPS, "data": []})}, "app", "no app app-1", 2, id="no app at all"
        ),
        pytest.param(
            {f"{KIT}/apps": (200, APPS), f"{KIT}/apps/app-1": FORBIDDEN},
            "permission", "not this one", 2, id="may not read the app",
        ),
        pytest.param(
            {
                f"{KIT}/apps": (200, APPS),
                f"{KIT}/apps/app-1": (200, {"success": True, "data": {}}),
                f"{KIT}/app-1/meetings?per_page=1": FORBIDDEN,
            },
            "permission", "not its meetings", 3, id="may not read meetings",
        ),
        pytest.param(
            {f"{KIT}/apps": (200, b"<html>Log in</html>")}, "not the API", "a web page responds", 1, id="a login page"
        ),
        pytest.param({f"{KIT}/apps": (302, b"")}, "not the API", "something else responds", 1, id="a redirect"),
        pytest.param({f"{KIT}/apps": (404, b"nginx")}, "not the API", "something else", 1, id="another service"),
        pytest.param({f"{KIT}/apps": (200, [1])}, "not the API", "something else", 1, id="other JSON"),
        pytest.param({f"{KIT}/apps": (200, {"ok": True})}, "not the API", "something else", 1, id="a JSON service"),
        pytest.param({f"{KIT}/apps": (404, {"detail": "Not Found"})}, "not the API", "something", 1, id="FastAPI's"),
        pytest.param({f"{KIT}/apps": (404, {"error": "Not Found"})}, "not the API", "something", 1, id="Spring's"),
        pytest.param({f"{KIT}/apps": (404, {"message": "none"})}, "not the API", "something", 1, id="a gateway's"),
        pytest.param({f"{KIT}/apps": (403, b"<html>Blocked</html>")}, "not the API", "a web page", 1, id="a filter"),
        pytest.param({f"{KIT}/apps": (401, b"<html>Log in</html>")}, "not the API", "a web page", 1, id="a login"),
        pytest.param({f"{KIT}/apps": (511, b"<html>Log in</html>")}, "not the API", "a web page", 1, id="a portal"),
        pytest.param({f"{KIT}/apps": (429, b"")}, "rate limit", "too many", 1, id="too many requests"),
        pytest.param({f"{KIT}/apps": (503, b"<h1>")}, "server", "failed", 1, id="the edge fails"),
        pytest.param({f"{KIT}/apps": (500, kit(500, "oops"))}, "server", "failed", 1, id="the server fails"),
        pytest.param({f"{KIT}/apps": (418, kit(418, "teapot"))}, "server", "unexpected", 1, id="unheard of"),
        pytest.param({f"{KIT}/apps": (200, kit(418, "teapot"))}, "server", "unexpected", 1, id="a false success"),
    ],
)  # fmt: skip
def test_what_the_server_says(said: Said, kind: str, words: str, calls: int) -> None:
    with scripted(said) as server:
        problem = found(env(f"{server.url}/client/v4"))
        assert len(server.requests) == 2 * calls  # as text and as JSON; nothing is sent again
    assert {request.method for request in server.requests} == {"GET"}
    assert (problem["kind"], words in problem["message"]) == (kind, True), problem
    assert problem["evidence"].startswith("GET /accounts/")


NOT_ENABLED, NEW_TOKEN = "RealtimeKit is not enabled for this account", "a new token may take some seconds"


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({f"{KIT}/apps": FORBIDDEN}, [NOT_ENABLED, NEW_TOKEN]),
        ({f"{KIT}/apps": FORBIDDEN, VERIFY_ACCOUNT: (200, ACTIVE)}, [NOT_ENABLED, NEW_TOKEN]),
        ({f"{KIT}/apps": FORBIDDEN, VERIFY_USER: (200, ACTIVE)}, [NOT_ENABLED, NEW_TOKEN]),
        ({f"{KIT}/apps": FORBIDDEN, VERIFY_ACCOUNT: REFUSED, VERIFY_USER: REFUSED}, [NEW_TOKEN]),
        ({f"{KIT}/apps": REFUSED, VERIFY_ACCOUNT: (200, ACTIVE)}, []),
        ({f"{KIT}/apps": FORBIDDEN, VERIFY_USER: (200, {**ACTIVE, "result": {"status": "expired"}})}, []),
        ({f"{KIT}/apps": (404, gateway(7003, "no route"))}, []),
    ],
)
def test_causes_of_a_403_besides_mistakes(said: Said, named: list[str]) -> None:
    with scripted(said) as server:
        fixes = found(env(f"{server.url}/client/v4"))["fixes"]
    assert [words for words in (NOT_ENABLED, NEW_TOKEN) if any(words in fix for fix in fixes)] == named


def test_an_app_that_only_the_list_knows() -> None:
    """Official clients do not use `GET /apps/{app_id}`, so a server without it is fine."""
    said: Said = {f"{KIT}/apps": (200, APPS), f"{KIT}/app-1/meetings?per_page=1": (200, {"success": True, "data": []})}
    with scripted(said) as server:
        assert invoke("doctor", env=env(f"{server.url}/client/v4")).exit_code == 0


@pytest.mark.parametrize("path", ["", "/v4", "/client/v4/accounts"])
def test_a_wrong_path_in_the_base_url(served: Served, path: str) -> None:
    origin = served.server.base_url.removesuffix("/client/v4")
    problem = found({**served.env, "REALTIMEKIT_BASE_URL": f"{origin}{path}"})
    assert problem["kind"] == "not the API"
    assert f"ends in {path}," in problem["message"] if path else "has no path" in problem["message"]
    assert served.server.base_url in problem["fixes"][0]


def scripted_transport(answers: Callable[[Request], Response]) -> Any:
    class Scripted:
        def send(self, request: Request, /) -> Response:
            return answers(request)

    return Scripted()


def diagnosed(base_url: str, response: Response, token: str = TOKEN) -> Any:
    transport = scripted_transport(lambda _request: response)
    report = diagnose(api_token=token, account_id=ACCOUNT, app_id="app-1", base_url=base_url, transport=transport)
    assert report.problem is not None
    return report.problem


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b"<html>"), (400, json.dumps(gateway(7000, "No route")).encode()), (301, b""), (401, b"")],
)
def test_cloudflares_own_host_without_the_path(status: int, body: bytes) -> None:
    problem = diagnosed("https://api.cloudflare.com", Response(status, {}, body))
    assert problem.kind == "not the API"
    (fix,) = problem.fixes
    assert fix.startswith("set REALTIMEKIT_BASE_URL (base_url=) to https://api.cloudflare.com/client/v4, or remove it")


def test_a_custom_proxy_may_have_another_path() -> None:
    said = Response(404, {}, json.dumps(gateway(7003, "Could not route")).encode())
    assert diagnosed("https://proxy.example/cloudflare", said).kind == "account"


def test_a_redirect_names_the_host_that_it_leads_to() -> None:
    said = Response(302, {"location": "https://login.example/?next=secret"}, b"")
    problem = diagnosed("https://api.cloudflare.com/client/v4", said)
    assert (problem.kind, "login.example" in problem.message) == ("not the API", True)
    assert "log in there first" in problem.fixes[0]
    assert "secret" not in str(problem)


def test_the_token_of_an_emulator_at_cloudflare() -> None:
    said = Response(401, {}, json.dumps(gateway(10000, "Authentication error")).encode())
    problem = diagnosed("https://api.cloudflare.com/client/v4", said, token="emulator-token")
    assert (problem.kind, "REALTIMEKIT_BASE_URL" in problem.fixes[0]) == ("token", True)


def test_a_token_that_an_emulator_does_not_know(served: Served) -> None:
    problem = found({**served.env, "CLOUDFLARE_API_TOKEN": TOKEN})
    assert (problem["kind"], "the emulator prints its token" in problem["fixes"][0]) == ("token", True)


def test_a_wrong_app_lists_those_that_exist(served: Served) -> None:
    problem = found(served.env, "--app-id", "other")
    assert problem["kind"] == "app"
    assert served.emulator.app_id in problem["fixes"][0]


def test_a_wrong_account_at_the_emulator(served: Served) -> None:
    assert found(served.env, "--account-id", "other")["kind"] == "account"
    mixed = found(served.env, "--account-id", served.emulator.app_id)
    assert "are the same" in mixed["message"]


def test_a_token_that_the_server_repeats_is_not_shown() -> None:
    """The token in a message, in a header's name for the request, or given as an id by mistake; escape sequences."""
    words = f"\x1b[31mbad token {TOKEN}\r\n"
    with scripted({f"{KIT}/apps": (401, gateway(10000, words))}) as server:
        problem = found(env(f"{server.url}/client/v4"))
        assert "bad token <token>" in problem["evidence"]
        assert problem["evidence"].isprintable()
        variables = {**env(f"{server.url}/client/v4"), "REALTIMEKIT_APP_ID": TOKEN}
        found(variables)
    with scripted({f"{KIT}/apps": (200, APPS)}) as server:
        found({**env(f"{server.url}/client/v4"), "REALTIMEKIT_APP_ID": TOKEN})


# --- no response


@pytest.mark.parametrize("library", ["httpcore2", "pyreqwest"])
class TestNoResponse:
    def test_an_unknown_name(self, library: str) -> None:
        problem = found(env("https://api.invalid/client/v4", REALTIMEKIT_TRANSPORT=library))
        assert (problem["kind"], "api.invalid" in problem["message"]) == ("dns", True)

    def test_a_closed_port(self, library: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        problem = found(env(f"http://127.0.0.1:{port}/client/v4", REALTIMEKIT_TRANSPORT=library))
        assert (problem["kind"], f"127.0.0.1:{port}" in problem["message"]) == ("refused", True)

    def test_an_unknown_certificate(self, library: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        with Server(answer(), tls=context) as server:
            problem = found(env(f"{server.url}/client/v4", REALTIMEKIT_TRANSPORT=library))
            assert server.requests == []  # no token went out
        assert problem["kind"] == "tls"
        assert "SSL_CERT_FILE" in problem["fixes"][0]

    def test_a_port_without_tls(self, library: str) -> None:
        def no_tls(connection: Connection) -> None:
            connection.socket.recv(10)
            connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        with Server(no_tls) as server:
            problem = found(env(server.url.replace("http:", "https:"), REALTIMEKIT_TRANSPORT=library))
        assert (problem["kind"], "no TLS connection" in problem["message"]) == ("tls", True)

    def test_no_answer_in_time(self, library: str) -> None:
        def silent(connection: Connection) -> None:
            connection.receive()
            connection.wait_for_close()

        with Server(silent) as server:
            problem = found(env(server.url, REALTIMEKIT_TRANSPORT=library), "--timeout", "0.2")
        assert (problem["kind"], "did not respond in time" in problem["message"]) == ("timeout", True)

    def test_a_broken_connection(self, library: str) -> None:
        def breaks(connection: Connection) -> None:
            connection.receive()
            connection.reset()

        with Server(breaks) as server:
            assert found(env(server.url, REALTIMEKIT_TRANSPORT=library))["kind"] == "connection"

    @pytest.mark.parametrize(
        ("address", "word"), [("127.0.0.1:1", "nothing is listening"), ("proxy.invalid:3128", "name")]
    )
    def test_a_proxy_that_is_not_there(self, library: str, address: str, word: str) -> None:
        variables = env("https://api.invalid/v4", HTTPS_PROXY=f"http://u:{TOKEN}@{address}")
        problem = found({**variables, "REALTIMEKIT_TRANSPORT": library})
        assert (problem["kind"], word in problem["message"]) == ("proxy", True)
        assert "HTTPS_PROXY" in problem["fixes"][0]

    def test_a_proxy_that_refuses(self, library: str) -> None:
        with Server(answer(status="407 Proxy Authentication Required")) as server:
            variables = env("https://api.invalid/v4", HTTPS_PROXY=server.url, REALTIMEKIT_TRANSPORT=library)
            problem = found(variables)
        assert (problem["kind"], "did not connect" in problem["message"]) == ("proxy", True)

    def test_a_proxy_that_is_not_used(self, library: str) -> None:
        with Server(proxy(0)) as server:
            variables = env("http://127.0.0.1:1", HTTP_PROXY=server.url, NO_PROXY="127.0.0.1")
            assert found({**variables, "REALTIMEKIT_TRANSPORT": library})["kind"] == "refused"


def test_wrong_usage() -> None:
    for options in (("--timeout", "0"), ("more",), ("--colour",)):
        assert invoke("doctor", *options, env={}).exit_code == 2
