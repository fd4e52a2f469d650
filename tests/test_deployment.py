"""The pages on deployment: their code runs, and does what they say."""

from __future__ import annotations

import base64
import json
import re
import sys
import types
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import realtimekit
from realtimekit.settings import ENVIRONMENT, ClientOptions
from realtimekit.testing import signed_delivery
from tests.test_docs import blocks, check, run
from tests.webhooks.frameworks import django_with

DOCS = Path(__file__).parents[1] / "docs"
PAGES = DOCS / "deployment"


@pytest.fixture
def page(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the code of a page defines, as a module: frameworks look annotations up in it."""
    module = types.ModuleType("code_of_a_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    vars(module)["_check"] = check
    examples = blocks(PAGES / f"{request.param}.md", "python")
    assert examples
    for source in examples:
        run(source, vars(module))
    return vars(module)


def code_of(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", [name], indirect=True)


def test_every_page_is_run() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {"fastapi", "django", "celery", "aws-lambda", "notebooks"}


@pytest.mark.usefixtures("demo_environment")
@code_of("notebooks")
def test_notebooks(page: dict[str, Any]) -> None:
    assert next(iter(page["transcript"]["speaker"])) == "Alice"


@pytest.mark.usefixtures("demo_environment")
@code_of("fastapi")
def test_fastapi(page: dict[str, Any]) -> None:
    from fastapi.testclient import TestClient

    async def refuse() -> None:
        error = realtimekit.RateLimitError("slowly", status=429)
        error.retry_after = 2.6
        raise error

    page["app"].get("/busy")(refuse)
    with TestClient(page["app"]) as client:
        assert client.get("/sessions/sess-1/names").json() == ["Alice", "Bob", "Carol"]
        assert client.get("/sessions/nobody/names").status_code == 404
        busy = client.get("/busy")
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "3")


@pytest.mark.usefixtures("demo_environment")
@code_of("django")
def test_django(page: dict[str, Any]) -> None:
    django_test: Any = import_module("django.test")  # neither checker finds types there, and each says so differently
    django_urls: Any = import_module("django.urls")

    urls = [django_urls.path(f"{name}/<session_id>", page[name]) for name in ("names", "page")]
    templates = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
    with django_with(urls, asynchronous=False), django_test.override_settings(TEMPLATES=templates):
        client = django_test.Client(headers={"host": "127.0.0.1"})
        assert client.get("/names/sess-1").json() == ["Alice", "Bob", "Carol"]
        assert client.get("/names/nobody").status_code == 404
        assert client.get("/page/sess-1").content.startswith(b"ENDED: ")


@pytest.mark.usefixtures("demo_environment")
@code_of("celery")
def test_celery(page: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    task = page["keep_summary"]
    waits: list[float] = []

    def retry(*, exc: Exception, countdown: float) -> Exception:
        waits.append(countdown)
        return exc

    def fail(session_id: str) -> None:
        raise errors.pop(0)

    limited = realtimekit.RateLimitError("slowly", status=429)
    limited.retry_after = 7
    errors: list[Exception] = [realtimekit.APIConnectionError("cut", maybe_processed=False), limited]
    monkeypatch.setattr(task, "retry", retry)
    monkeypatch.setattr(page["Session"], "find", fail)
    for expected in (realtimekit.APIConnectionError, realtimekit.RateLimitError):
        with pytest.raises(expected):
            task("sess-1")
    assert waits == [60, 7]


def test_aws_lambda(realtimekit_emulator: Any, realtimekit_client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for source in blocks(PAGES / "aws-lambda.md", "python"):
        run(source, names)
    meeting = realtimekit_client.meetings.create(title="Weekly")
    alice = meeting.participants.create(name="Alice", custom_participant_id="a", preset_name="group_call_host")
    session_id = realtimekit_emulator.join(meeting.id, alice.id).session_id
    realtimekit_emulator.end(meeting.id)

    body, headers = signed_delivery("meeting.ended")
    plain = {"body": body.decode(), "headers": headers, "isBase64Encoded": False}
    encoded = {"body": base64.b64encode(body).decode(), "headers": headers, "isBase64Encoded": True}
    assert names["handler"](encoded, None) == {"statusCode": 200, "body": "handled"}
    assert names["handler"](plain, None) == {"statusCode": 200, "body": "already handled"}
    assert names["handler"]({**plain, "body": json.dumps({"event": "meeting.ended"})}, None)["statusCode"] == 401
    assert names["handler"]({"headers": {}}, None)["statusCode"] == 401
    assert session_id in capsys.readouterr().out


def test_every_setting_is_documented() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:] for line in text.splitlines() if line.startswith("| `")]
    for option in [*get_type_hints(ClientOptions), "transport"]:
        (row,) = [cells for cells in rows if f"`{option}`" in cells[0]]
        assert row[1].strip() == (f"`{ENVIRONMENT[option]}`" if option in ENVIRONMENT else "")


def test_every_variable_is_documented() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    sources = (path.read_text(encoding="utf-8") for path in (DOCS.parent / "src").rglob("*.py"))
    named = {name for source in sources for name in re.findall(r"\bREALTIMEKIT_[A-Z_]+\b", source)}
    assert len(named) >= 6
    assert {name for name in named if f"`{name}`" not in text} == set()
