"""Observability: hooks, the log, OpenTelemetry."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from realtimekit import APIConnectionError, Attempt, ConfigurationError, NotFoundError, RealtimeKit, ServerError
from realtimekit.contract import load_slice
from realtimekit.interfaces import Reservation, Response
from realtimekit.settings import HOOKS

from .scripted import TOKEN, Mode, Script, Step, error, lost, make_response, ok

SESSION = "/accounts/acc/realtime/kit/app/sessions/sess-1"
FOUND = ok({"id": "sess-1"})


class HookCalls(list[tuple[str, Attempt]]):
    """Records the calls of the hooks, in order."""

    @property
    def hooks(self) -> dict[str, Callable[[Attempt], None]]:
        def of(name: str) -> Callable[[Attempt], None]:
            return lambda attempt: self.append((name, attempt))

        return {f"on_{name}": of(name) for name in ("request", "response", "retry", "wait")}


@pytest.fixture
def hook_calls() -> HookCalls:
    return HookCalls()


def find(mode: Mode, script: Script, **settings: Any) -> Any:
    return mode.get(mode.client(script, **settings).sessions.find("sess-1"))


class Slow:
    """A limiter that makes callers wait for these seconds, one after the other."""

    max_wait = 60.0

    def __init__(self, *waits: float) -> None:
        self._waits = [*waits]

    def reserve(self, reservation: Reservation | None, /) -> Reservation:
        return Reservation(self._waits.pop(0) if self._waits else 0.0)

    def observe(self, response: Response | None, reservation: Reservation | None = None, /) -> None: ...


class TestHooks:
    def test_one_call(self, mode: Mode, hook_calls: HookCalls) -> None:
        find(mode, Script(make_response(b'{"data": {"id": "sess-1"}}', cf_ray="ray-1")), **hook_calls.hooks)
        (sending, before), (responded, after) = hook_calls
        assert (sending, responded) == ("request", "response")
        assert before == Attempt("GET", SESSION, 1)
        assert after == Attempt("GET", SESSION, 1, 200, after.seconds, "ray-1")
        assert after.seconds is not None
        assert 0 <= after.seconds < 10

    def test_a_retried_call(self, mode: Mode, hook_calls: HookCalls, waits: list[float]) -> None:
        find(mode, Script(error(503), lost(), FOUND), **hook_calls.hooks)
        assert [name for name, _ in hook_calls] == ["request", "response", "retry"] * 2 + ["request", "response"]
        assert [attempt.number for _, attempt in hook_calls] == [1, 1, 1, 2, 2, 2, 3, 3]
        assert [attempt.status for _, attempt in hook_calls] == [None, 503, 503, None, None, None, None, 200]
        assert [attempt.wait for name, attempt in hook_calls if name == "retry"] == waits
        failed = [attempt.error for _, attempt in hook_calls]
        assert failed[4] is failed[5] is not None
        assert isinstance(failed[4], APIConnectionError)
        assert failed[:4] + failed[6:] == [None] * 6

    def test_a_wait_for_the_rate_limit(
        self, mode: Mode, hook_calls: HookCalls, waits: list[float], caplog: pytest.LogCaptureFixture
    ) -> None:
        """One call, however often the limiter was asked; none if there was nothing to wait for."""
        caplog.set_level(logging.INFO, "realtimekit")
        client = mode.client(Script(FOUND, FOUND), limiter=Slow(2.5, 1.5), **hook_calls.hooks)
        mode.get(client.sessions.find("sess-1"))
        mode.get(client.sessions.find("sess-1"))
        assert waits == [2.5, 1.5]
        assert [name for name, _ in hook_calls] == ["wait", "request", "response", "request", "response"]
        assert hook_calls[0][1] == Attempt("GET", SESSION, 1, wait=4.0)
        assert [record.getMessage() for record in caplog.records] == [
            f"GET {SESSION} has waited 4 s for the rate limit"
        ]

    @pytest.mark.parametrize(("step", "kind"), [(error(404), NotFoundError), (lost(), APIConnectionError)])
    def test_a_call_that_fails(self, mode: Mode, hook_calls: HookCalls, step: Step, kind: type[Exception]) -> None:
        with pytest.raises(kind):
            find(mode, Script(step), max_retries=0, **hook_calls.hooks)
        assert [name for name, _ in hook_calls] == ["request", "response"]

    def test_an_exception_in_a_hook_does_not_fail_the_call(
        self, mode: Mode, hook_calls: HookCalls, caplog: pytest.LogCaptureFixture
    ) -> None:
        def broken(attempt: Attempt) -> None:
            raise ZeroDivisionError(attempt.path)

        hooks = {**hook_calls.hooks, "on_request": broken, "on_retry": broken}
        assert find(mode, Script(error(500), FOUND), **hooks).id == "sess-1"
        assert len(hook_calls) == 2
        failures = [record for record in caplog.records if record.exc_info]
        assert len(failures) == 3
        assert {record.name for record in failures} == {"realtimekit"}

    def test_a_keyboard_interrupt_in_a_hook_is_raised(self, mode: Mode) -> None:
        def interrupted(attempt: Attempt) -> None:
            raise KeyboardInterrupt

        script = Script(FOUND)
        with pytest.raises(KeyboardInterrupt):
            find(mode, script, on_request=interrupted)
        assert script.requests == []

    def test_with_options_gives_other_hooks(self, mode: Mode, hook_calls: HookCalls) -> None:
        script = Script(FOUND, FOUND)
        client = mode.client(script)
        mode.get(client.with_options(**cast("Any", hook_calls.hooks)).sessions.find("sess-1"))
        mode.get(client.sessions.find("sess-1"))
        assert len(hook_calls) == 2

    @pytest.mark.parametrize("name", HOOKS)
    def test_an_invalid_hook_is_rejected(self, mode: Mode, name: str) -> None:
        async def awaited(attempt: Attempt) -> None: ...

        for hook, text in [("print", "a function"), (awaited, "a plain function")]:
            with pytest.raises(ConfigurationError, match=f"{name}=.*{text}"):
                mode.client(Script(), **{name: hook})


class TestLog:
    def test_a_line_for_each_attempt(self, mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, "realtimekit")
        find(mode, Script(error(503), FOUND))
        first, again, second = [(record.levelname, record.getMessage()) for record in caplog.records]
        assert first[0] == second[0] == "DEBUG"
        assert first[1].startswith(f"GET {SESSION} 503 in ")
        assert first[1].endswith(" ms, attempt 1")
        assert again[0] == "INFO"
        assert again[1].startswith(f"GET {SESSION} is retried in 0.")
        assert second[1].startswith(f"GET {SESSION} 200 in ")

    def test_a_failure_is_named(self, mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG, "realtimekit")
        with pytest.raises(APIConnectionError):
            find(mode, Script(lost()), max_retries=0)
        assert f"GET {SESSION} APIConnectionError in " in caplog.text

    def test_above_debug_it_is_silent(self, mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO, "realtimekit")
        find(mode, Script(FOUND))
        assert caplog.records == []

    def test_a_canceled_call_is_reported(self, caplog: pytest.LogCaptureFixture, hook_calls: HookCalls) -> None:
        caplog.set_level(logging.DEBUG, "realtimekit")

        class Interrupted:
            def send(self, request: object, /) -> Any:
                raise KeyboardInterrupt

        client = RealtimeKit(
            api_token=TOKEN, account_id="acc", app_id="app", transport=Interrupted(), **cast("Any", hook_calls.hooks)
        )
        with pytest.raises(KeyboardInterrupt):
            client.sessions.find("sess-1")
        (_, last) = hook_calls[-1]
        assert (last.status, last.error) == (None, None)
        assert f"GET {SESSION} canceled in " in caplog.text


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)  # once in a process
    return exporter


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[Callable[[], list[ReadableSpan]]]:
    exporter.clear()
    yield lambda: list(exporter.get_finished_spans())
    exporter.clear()


Spans = Callable[[], list[ReadableSpan]]


class TestSpans:
    def test_one_call(self, mode: Mode, spans: Spans) -> None:
        with trace.get_tracer(__name__).start_as_current_span("the user's own"):
            find(mode, Script(FOUND))
        span, parent = spans()
        assert span.name == "GET /accounts/{account_id}/realtime/kit/{app_id}/sessions/{session_id}"
        assert span.kind is trace.SpanKind.CLIENT
        assert span.parent is not None
        assert parent.context is not None
        assert span.parent.span_id == parent.context.span_id
        assert dict(span.attributes or {}) == {
            "http.request.method": "GET",
            "http.response.status_code": 200,
            "server.address": "api.test",
            "server.port": 443,
            "url.full": f"https://api.test/client/v4{SESSION}",
            "url.template": "/accounts/{account_id}/realtime/kit/{app_id}/sessions/{session_id}",
        }
        assert span.status.status_code is trace.StatusCode.UNSET

    def test_a_span_for_each_attempt(self, mode: Mode, spans: Spans) -> None:
        with pytest.raises(ServerError):
            find(mode, Script(lost(), error(503)), max_retries=1)
        first, second = [dict(span.attributes or {}) for span in spans()]
        assert first["error.type"] == "APIConnectionError"
        assert "http.request.resend_count" not in first
        assert (second["error.type"], second["http.request.resend_count"]) == ("503", 1)
        assert {span.status.status_code for span in spans()} == {trace.StatusCode.ERROR}

    @pytest.mark.parametrize(
        ("path", "template"),
        [
            ("/7f3c-9/sessions/5d-1/participants", "/{app_id}/sessions/{session_id}/participants"),
            ("/apps", "/apps"),
            ("/apps/weekly", "/apps/{app_id}"),
            ("/7f/meetings/b%20c/active-session", "/{app_id}/meetings/{meeting_id}/active-session"),
        ],
    )  # fmt: skip
    def test_span_names_contain_no_ids(self, path: str, template: str) -> None:
        from realtimekit.instrumentation import url_template

        assert url_template("/accounts/0a1b/realtime/kit" + path) == "/accounts/{account_id}/realtime/kit" + template

    def test_the_spans_of_downloads_share_a_name(self) -> None:
        from realtimekit.instrumentation import url_template

        assert url_template("/bucket/store/5d-1/chat.csv") == "/{file}"

    @pytest.mark.parametrize("template", sorted(load_slice()["paths"]))
    @pytest.mark.parametrize("id", ["weekly", "sess-1", "5D-1", "a%2Fb", "meetings", "token"])
    def test_spans_have_the_names_of_the_api_description(self, template: str, id: str) -> None:
        from realtimekit.instrumentation import url_template

        assert url_template(re.sub(r"{\w+}", id, template)) == template

    @pytest.mark.parametrize(
        ("base_url", "full"),
        [
            ("http://127.0.0.1:8787/client/v4", "http://127.0.0.1:8787/client/v4"),
            ("http://[::1]:8787/client/v4", "http://[::1]:8787/client/v4"),
        ],
    )
    def test_the_url_has_its_port(self, mode: Mode, spans: Spans, base_url: str, full: str) -> None:
        find(mode, Script(FOUND), base_url=base_url)
        (span,) = spans()
        assert dict(span.attributes or {})["url.full"] == full + SESSION
        assert dict(span.attributes or {})["server.port"] == 8787
