"""Every form of error from the API, its gateway and the network becomes the right exception."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from realtimekit import error_responses, errors, responses
from realtimekit.interfaces import Response

from .scripted import make_response

HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"


def error_of(response: Response, method: str = "GET", path: str = "/p") -> errors.APIError:
    body = responses.decode(response)
    assert error_responses.is_error(response, body)
    return error_responses.error_from(response, body, method, path)


def own(code: Any, message: Any) -> dict[str, Any]:
    return {"success": False, "error": {"code": code, "message": message}}


def gateway(code: Any, message: Any) -> dict[str, Any]:
    return {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}


class Shape(NamedTuple):
    status: int
    body: Any
    kind: type[errors.APIError]
    code: int | None
    message: str


SHAPES = {
    "own": Shape(404, own(404, "No user found with id 7"), errors.NotFoundError, 404, "No user found with id 7"),
    "own, 400": Shape(
        400, own(400, 'BAD_REQUEST: "name" is required'), errors.ValidationError, 400, 'BAD_REQUEST: "name" is required'
    ),
    "own, 500": Shape(500, own(500, "oh"), errors.ServerError, 500, "oh"),
    "own, code as text": Shape(404, own("404", "x"), errors.NotFoundError, 404, "x"),
    "own, no number": Shape(404, own("NOT_FOUND", "x"), errors.NotFoundError, None, "x"),
    "own, no words": Shape(404, own(404, None), errors.NotFoundError, 404, ""),
    "own, empty": Shape(404, {"success": False, "error": {}}, errors.NotFoundError, None, ""),
    "message alone": Shape(401, {"message": "Unauthorized"}, errors.AuthenticationError, None, "Unauthorized"),
    "gateway": Shape(
        403, gateway(10000, "Authentication error"), errors.PermissionDeniedError, 10000, "Authentication error"
    ),
    "gateway, two errors": Shape(
        400, {"success": False, "errors": [{"code": 1, "message": "a"}, {"code": 2}]}, errors.ValidationError, 1, "a"
    ),
    "gateway, no errors": Shape(400, {"success": False, "errors": []}, errors.ValidationError, None, ""),
    "gateway, odd errors": Shape(
        400, {"success": False, "errors": [None, 3, {"message": "a"}]}, errors.ValidationError, None, "a"
    ),
    "empty (poll's 400)": Shape(400, None, errors.ValidationError, None, ""),
    "blank": Shape(502, b" \r\n", errors.ServerError, None, ""),
    "html": Shape(502, HTML, errors.ServerError, None, ""),
    "text": Shape(503, "no healthy upstream", errors.ServerError, None, ""),
    "broken utf-8": Shape(500, b"\xff\xfe", errors.ServerError, None, ""),
    "a list": Shape(404, ["x"], errors.NotFoundError, None, ""),
    "a number": Shape(404, 7, errors.NotFoundError, None, ""),
    "200, but no": Shape(200, own(404, "gone"), errors.NotFoundError, 404, "gone"),
    "201, but no": Shape(201, own(409, "twice"), errors.ConflictError, 409, "twice"),
    "200, but no, of the gateway": Shape(200, gateway(10000, "no"), errors.APIError, 10000, "no"),
    "200, but no, without a code": Shape(200, {"success": False}, errors.APIError, None, ""),
    "200, but no, 5xx": Shape(200, own(503, "later"), errors.ServerError, 503, "later"),
    "redirect": Shape(302, None, errors.APIError, None, ""),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_every_form_of_error(shape: Shape) -> None:
    response = make_response(shape.body, shape.status, cf_ray="8f-LHR")
    error = error_of(response, "POST", "/accounts/a/realtime/kit/apps")
    assert type(error) is shape.kind
    assert error.status == shape.status
    assert error.code == shape.code
    assert error.message == shape.message
    assert error.body == responses.decode(response)
    assert error.request_id == "8f-LHR"
    assert (error.method, error.path) == ("POST", "/accounts/a/realtime/kit/apps")
    assert str(error).startswith(f"POST /accounts/a/realtime/kit/apps returned {shape.status}")
    assert shape.message in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (300, errors.APIError),
        (400, errors.ValidationError),
        (401, errors.AuthenticationError),
        (402, errors.APIError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (405, errors.APIError),
        (409, errors.ConflictError),
        (422, errors.ValidationError),
        (429, errors.RateLimitError),
        (500, errors.ServerError),
        (503, errors.ServerError),
        (599, errors.ServerError),
        (600, errors.APIError),
        (199, errors.APIError),
    ],
)
def test_the_status_decides_the_class_whatever_the_body_says(status: int, kind: type[errors.APIError]) -> None:
    assert type(error_of(make_response(own(404, "x"), status))) is kind
    assert type(error_of(make_response(None, status))) is kind


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "data": {}},
        {"data": []},
        {"success": None},
        {"success": "false"},
        {"error": None, "data": 1},
        [],
        None,
    ],
)
@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_2xx_is_a_success_unless_it_says_otherwise(status: int, body: Any) -> None:
    assert not error_responses.is_error(make_response(body, status), body)


class TestRequestId:
    def test_cf_ray_is_preferred_to_x_request_id(self) -> None:
        assert error_of(make_response(None, 500, cf_ray="ray", x_request_id="id")).request_id == "ray"

    def test_x_request_id_without_cf_ray(self) -> None:
        assert error_of(make_response(None, 500, x_request_id="id")).request_id == "id"

    def test_none_without_either_header(self) -> None:
        assert error_of(make_response(None, 500)).request_id is None


class TestText:
    def test_names_a_code_that_is_not_the_status(self) -> None:
        assert "returned 403 (code 10000): Authentication error" in str(
            error_of(make_response(gateway(10000, "Authentication error"), 403))
        )

    def test_does_not_repeat_a_code_that_is_the_status(self) -> None:
        assert str(error_of(make_response(own(404, "gone"), 404))) == "GET /p returned 404: gone"

    @pytest.mark.parametrize(("status", "cure"), [(401, "CLOUDFLARE_API_TOKEN"), (403, '"Realtime Admin"')])
    def test_contains_a_hint(self, status: int, cure: str) -> None:
        assert cure in str(error_of(make_response(own(status, "no"), status)))
        assert cure in str(error_of(make_response(own(status, "no"), 200)))
        assert cure not in str(error_of(make_response(own(404, "no"), 404)))

    def test_says_that_html_is_not_json(self) -> None:
        error = error_of(make_response(HTML, 502))
        assert str(error).endswith("the body is not JSON: 502 Bad Gateway")
        assert error.body == HTML

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ("no healthy upstream", "not JSON: no healthy upstream"),
            ("a\n\n b\x1b[2J", "not JSON: a b [2J"),
            ("x" * 1000, "not JSON: " + "x" * 100),
            ("<" * 100_000, "not JSON: " + "<" * 100),
            ("<html></html>", "the body is not JSON"),
            (
                "<Error><Code>AccessDenied</Code><Message>Request has expired</Message>",
                "AccessDenied Request has expired",
            ),
            ("no /file?signature=s3cret&x=1 here", "not JSON: no /file?... here"),
            ("\ufeffbad", "not JSON: bad"),
        ],
    )
    def test_contains_the_beginning_of_another_body(self, body: str, words: str) -> None:
        text = str(error_of(make_response(body, 500)))
        assert text.endswith(words)
        assert "s3cret" not in text

    def test_other_hints_if_no_token_was_sent(self) -> None:
        response = make_response("<Error>expired</Error>", 403)
        error = error_responses.error_from(
            response, responses.decode(response), "GET", "/f", hints={403: "the link is old"}
        )
        assert str(error) == "GET /f returned 403: the body is not JSON: expired; the link is old"
        error = error_responses.error_from(response, responses.decode(response), "GET", "/f", hints={})
        assert "token" not in str(error)

    def test_says_that_there_is_no_message(self) -> None:
        assert str(error_of(make_response(None, 500))).endswith("no message")

    @pytest.mark.parametrize("evil", ["\x1b[2J", "\n", "\r", "\x00", "\x7f", "\x9b", "\u202e", "\u2028", "\u200f"])
    def test_control_characters_are_removed_from_the_text_but_not_from_the_attribute(self, evil: str) -> None:
        error = error_of(make_response(own(400, f"a{evil}b"), 400))
        assert str(error).isprintable()
        assert error.message == f"a{evil}b"

    def test_letters_of_all_languages_are_kept(self) -> None:
        assert "Zürich 東京 🎥" in str(error_of(make_response(own(400, "Zürich 東京 🎥"), 400)))

    def test_a_long_message_is_truncated_only_in_the_text(self) -> None:
        error = error_of(make_response(own(400, "x" * 10_000), 400))
        assert len(str(error)) < 600
        assert str(error).endswith("x ...")
        assert len(error.message) == 10_000

    def test_a_message_of_the_maximum_length_is_not_truncated(self) -> None:
        assert str(error_of(make_response(own(400, "x" * 500), 400))).endswith("x" * 500)


class TestRateLimit:
    @pytest.mark.parametrize("status", [429, 200])
    def test_has_the_wait_in_seconds(self, status: int) -> None:
        error = error_of(make_response(own(429, "slow"), status, retry_after="120"))
        assert isinstance(error, errors.RateLimitError)
        assert error.retry_after == 120.0

    def test_none_if_the_server_does_not_say(self) -> None:
        error = error_of(make_response(None, 429))
        assert isinstance(error, errors.RateLimitError)
        assert error.retry_after is None

    def test_other_errors_have_none(self) -> None:
        assert not hasattr(error_of(make_response(None, 503, retry_after="1")), "retry_after")
