"""One call: the exact request, the retries, the waits and the final error."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest

from realtimekit import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    ConflictError,
    NotFoundError,
    RateLimitError,
    RealtimeKitError,
    ServerError,
    ValidationError,
)
from realtimekit.interfaces import Request
from realtimekit.transports.failures import response_too_large

from .scripted import BASE_URL, TOKEN, Mode, Script, Step, error, lost, make_response, not_sent, ok

PEOPLE = "/app/meetings/m/participants"
WHO = {"custom_participant_id": "c", "preset_name": "p"}


def send(mode: Mode, script: Script, method: str, **settings: Any) -> Any:
    """One call for each HTTP method of the API."""
    person = mode.client(script, **settings).participants.ref("p", meeting_id="m")
    match method:
        case "GET":
            return mode.get(person.reload())
        case "PUT":
            return mode.get(person.replace(**WHO))
        case "DELETE":
            return mode.get(person.destroy())
        case "PATCH":
            return mode.get(person.update(name="n"))
        case _:
            return mode.get(person.regenerate_token())


SAFE = ["GET", "PUT", "DELETE"]
RISKY = ["POST", "PATCH"]
DONE = ok({"id": "p", "token": "t"})


class TestSendingAgain:
    @pytest.mark.parametrize("method", SAFE + RISKY)
    @pytest.mark.parametrize("failure", [not_sent(), APITimeoutError("connecting", maybe_processed=False), error(429)])
    def test_requests_that_were_not_processed_are_retried(
        self, mode: Mode, method: str, failure: Step, waits: list[float]
    ) -> None:
        script = Script(failure, DONE)
        send(mode, script, method)
        assert [call.method for call in script.calls] == [method, method]
        assert script.requests[0] == script.requests[1]
        (wait,) = waits
        assert 0.25 <= wait <= 0.5

    def test_a_response_that_is_too_large_is_not_requested_again(self, mode: Mode) -> None:
        script = Script(response_too_large(Request("GET", BASE_URL, {}, None, 30.0)))
        with pytest.raises(APIConnectionError, match="more than 64 MiB"):
            send(mode, script, "GET")
        assert len(script.requests) == 1

    @pytest.mark.parametrize("method", SAFE)
    @pytest.mark.parametrize(
        "failure",
        [lost(), APITimeoutError("waiting", maybe_processed=True), *(error(s) for s in (408, 500, 502, 503, 504))],
    )
    def test_requests_that_may_have_been_processed_are_retried_if_idempotent(
        self, mode: Mode, method: str, failure: Step, waits: list[float]
    ) -> None:
        script = Script(failure, failure, DONE)
        send(mode, script, method)
        assert len(script.requests) == 3
        first, second = waits
        assert 0.25 <= first <= 0.5 <= second <= 1.0

    @pytest.mark.parametrize("method", RISKY)
    @pytest.mark.parametrize(
        ("failure", "kind"),
        [
            (lost(), APIConnectionError),
            (APITimeoutError("waiting", maybe_processed=True), APITimeoutError),
            (error(408), APIError),
            (error(409), ConflictError),
            (error(500), ServerError),
            (error(502), ServerError),
            (error(503, retry_after="1"), ServerError),
            (make_response(None, 504), ServerError),
        ],
    )
    def test_a_post_is_not_retried_if_it_may_have_been_processed(
        self, mode: Mode, method: str, failure: Step, kind: type[Exception], waits: list[float]
    ) -> None:
        script = Script(failure)
        with pytest.raises(kind) as caught:
            send(mode, script, method)
        assert type(caught.value) is kind
        assert len(script.requests) == 1
        assert waits == []

    @pytest.mark.parametrize("doubtful", [lost(), APITimeoutError("x", maybe_processed=True), error(408), error(502)])
    @pytest.mark.parametrize("then", [[], [not_sent()], [error(429)]])
    def test_a_404_for_a_retried_delete_is_a_success(self, mode: Mode, doubtful: Step, then: list[Step]) -> None:
        script = Script(doubtful, *then, error(404))
        send(mode, script, "DELETE")
        assert len(script.requests) == 2 + len(then)

    @pytest.mark.parametrize("harmless", [[], [not_sent()], [error(429)], [not_sent(), error(429)]])
    def test_deleting_a_missing_record_is_an_error(self, mode: Mode, harmless: list[Step]) -> None:
        with pytest.raises(NotFoundError):
            send(mode, Script(*harmless, error(404)), "DELETE")

    @pytest.mark.parametrize("method", ["GET", "PUT"])
    def test_a_404_after_a_retry_is_a_success_only_for_delete(self, mode: Mode, method: str) -> None:
        with pytest.raises(NotFoundError):
            send(mode, Script(lost(), error(404)), method)

    @pytest.mark.parametrize("status", [400, 403, 409])
    def test_any_other_error_of_the_second_delete_is_raised(self, mode: Mode, status: int) -> None:
        with pytest.raises(APIError) as caught:
            send(mode, Script(lost(), error(status)), "DELETE")
        assert caught.value.status == status

    @pytest.mark.parametrize("method", SAFE + RISKY)
    @pytest.mark.parametrize(("status", "kind"), [(400, ValidationError), (404, NotFoundError), (302, APIError)])
    def test_a_refusal_is_final(self, mode: Mode, method: str, status: int, kind: type[APIError]) -> None:
        script = Script(error(status))
        with pytest.raises(kind) as caught:
            send(mode, script, method)
        assert (caught.value.method, caught.value.status) == (method, status)
        assert len(script.requests) == 1

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_200_with_success_false_is_not_retried(self, mode: Mode, status: int) -> None:
        script = Script(make_response({"success": False, "error": {"code": status, "message": "no"}}))
        with pytest.raises(APIError, match="no") as caught:
            send(mode, script, "GET")
        assert caught.value.status == 200
        assert len(script.requests) == 1


class TestGivingUp:
    @pytest.mark.parametrize("retries", [0, 1, 2, 5])
    @pytest.mark.parametrize(
        ("failure", "kind"), [(lost(), APIConnectionError), (error(500), ServerError), (error(429), RateLimitError)]
    )
    def test_after_max_retries(
        self, mode: Mode, retries: int, failure: Step, kind: type[RealtimeKitError], waits: list[float]
    ) -> None:
        script = Script(*[failure] * (retries + 1))
        with pytest.raises(kind):
            send(mode, script, "GET", max_retries=retries)
        assert len(script.requests) == retries + 1
        assert len(waits) == retries
        assert all(0.25 * 2**n <= wait <= min(0.5 * 2**n, 8) for n, wait in enumerate(waits))

    def test_the_last_failure_is_raised(self, mode: Mode) -> None:
        script = Script(lost(), error(429), error(503, "still no"))
        with pytest.raises(ServerError, match="still no"):
            send(mode, script, "GET")

    def test_a_connection_error_names_the_call(self, mode: Mode) -> None:
        with pytest.raises(APIConnectionError) as caught:
            send(mode, Script(lost()), "PATCH")
        assert (caught.value.method, caught.value.path) == ("PATCH", f"/accounts/acc/realtime/kit{PEOPLE}/p")
        assert caught.value.maybe_processed is True


class TestAskedWaits:
    @pytest.mark.parametrize("method", SAFE + RISKY)
    @pytest.mark.parametrize(("said", "wait"), [("0", 0.0), ("7", 7.0), ("60", 60.0)])
    def test_up_to_a_minute_is_waited(
        self, mode: Mode, method: str, said: str, wait: float, waits: list[float]
    ) -> None:
        send(mode, Script(error(429, retry_after=said), DONE), method)
        assert waits == [wait]

    @pytest.mark.parametrize(("said", "seconds"), [("61", 61.0), ("60.5", 60.5), ("300", 300.0)])
    def test_beyond_a_minute_the_caller_decides_at_once(
        self, mode: Mode, said: str, seconds: float, waits: list[float]
    ) -> None:
        script = Script(error(429, retry_after=said))
        with pytest.raises(RateLimitError) as caught:
            send(mode, script, "GET")
        assert caught.value.retry_after == seconds
        assert len(script.requests) == 1
        assert waits == []

    def test_the_ratelimit_header_counts_too(self, mode: Mode, waits: list[float]) -> None:
        send(mode, Script(error(429, ratelimit='"default";r=0;t=30'), DONE), "GET")
        assert waits == [30.0]

    def test_a_503_may_ask_as_well(self, mode: Mode, waits: list[float]) -> None:
        send(mode, Script(error(503, retry_after="4"), DONE), "GET")
        assert waits == [4.0]
        with pytest.raises(ServerError):
            send(mode, Script(error(503, retry_after="400")), "GET")

    def test_a_date_with_the_servers_clock(self, mode: Mode, waits: list[float]) -> None:
        headers = {"retry_after": formatdate(1030, usegmt=True), "date": formatdate(1000, usegmt=True)}
        send(mode, Script(error(429, **headers), DONE), "GET")
        assert waits == [30.0]

    def test_a_date_without_it(self, mode: Mode, waits: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(time, "time", lambda: 1000.0)
        send(mode, Script(error(429, retry_after=formatdate(1030, usegmt=True)), DONE), "GET")
        assert waits == [30.0]

    def test_a_date_without_it_is_in_the_error_as_well(self, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(time, "time", lambda: 1000.0)
        with pytest.raises(RateLimitError) as caught:
            send(mode, Script(error(429, retry_after=formatdate(1300, usegmt=True))), "GET")
        assert caught.value.retry_after == 300.0


class TestAnswers:
    @pytest.mark.parametrize("status", [200, 201, 202])
    def test_any_2xx_is_a_success(self, mode: Mode, status: int) -> None:
        assert send(mode, Script(make_response({"data": {"id": "p", "name": "x"}}, status)), "POST").name == "x"

    @pytest.mark.parametrize("text", ["<html>log in to the wifi</html>", "OK", "{"])
    def test_a_200_without_json_is_an_error(self, mode: Mode, text: str) -> None:
        script = Script(make_response(text))
        with pytest.raises(APIError, match="not JSON") as caught:
            send(mode, script, "GET")
        assert (caught.value.status, caught.value.body) == (200, text)
        assert len(script.requests) == 1

    def test_an_empty_response_body_is_accepted_if_none_is_needed(self, mode: Mode) -> None:
        assert send(mode, Script(make_response(None, 204)), "DELETE") is None


class TestRequest:
    def test_without_a_body(self, mode: Mode) -> None:
        script = Script(DONE)
        send(mode, script, "GET", timeout=3)
        assert script.requests == [
            Request(
                "GET",
                f"{BASE_URL}/accounts/acc/realtime/kit{PEOPLE}/p",
                {"authorization": f"Bearer {TOKEN}", "accept": "application/json"},
                None,
                3.0,
            )
        ]

    def test_with_a_body(self, mode: Mode) -> None:
        script = Script(DONE)
        send(mode, script, "PATCH")
        assert script.requests == [
            Request(
                "PATCH",
                f"{BASE_URL}/accounts/acc/realtime/kit{PEOPLE}/p",
                {
                    "authorization": f"Bearer {TOKEN}",
                    "accept": "application/json",
                    "content-type": "application/json",
                },
                b'{"name":"n"}',
                30.0,
            )
        ]

    def test_a_post_without_a_body_has_no_content_type(self, mode: Mode) -> None:
        script = Script(DONE)
        send(mode, script, "POST")
        assert script.requests[0].content is None
        assert "content-type" not in script.requests[0].headers

    @pytest.mark.parametrize("method", SAFE + RISKY)
    def test_the_token_is_in_its_header_alone(self, mode: Mode, method: str) -> None:
        script = Script(DONE)
        send(mode, script, method)
        (request,) = script.requests
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in request.url
        assert TOKEN.encode() not in (request.content or b"")
        assert TOKEN not in repr(request)

    def test_a_query_is_encoded(self, mode: Mode) -> None:
        script = Script(ok([]))
        client = mode.client(script)
        mode.get(client.meetings.where(search="a&b=c d/é?#+", per_page=5).page(2))
        path, query = script.requests[0].url.split("?")
        assert path == f"{BASE_URL}/accounts/acc/realtime/kit/app/meetings"
        assert query == "search=a%26b%3Dc+d%2F%C3%A9%3F%23%2B&per_page=5&page_no=2"

    def test_a_slash_at_the_end_of_the_base_url_is_not_doubled(self, mode: Mode) -> None:
        script = Script(DONE)
        send(mode, script, "GET", base_url="https://api.test/client/v4/")
        assert script.requests[0].url.startswith("https://api.test/client/v4/accounts/acc/")
