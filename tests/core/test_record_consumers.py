"""Records in other libraries: data frames, templates, JSON encoders, error trackers."""

# Django and pandas have no types of their own.
# pyright: reportMissingTypeStubs=false, reportUnnecessaryTypeIgnoreComment=false

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import jinja2
import pandas as pd
import pytest

from realtimekit import Meeting, Participant, Session
from realtimekit.record import Record
from tests.webhooks.frameworks import django_with

from .scripted import Script, client_of, ok

NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)
SESSION: dict[str, Any] = {
    "id": "s",
    "status": "ENDED",
    "started_at": "2026-06-03T12:00:00.000Z",
    "minutes_consumed": 60,
    "new_field": {"deep": [1]},
    "breakout_rooms": [{"id": "b", "started_at": "2026-06-03T12:00:00Z"}],
}
TOKEN = "eyJ0b2tlbg.e30.sig"


def session(**changed: Any) -> Session:
    return Session({**SESSION, **changed}, client=client_of(Script()), scope={"account_id": "a", "app_id": "b"})


def person() -> Participant:
    return Participant({"id": "p", "name": "Ann", "token": TOKEN}, client=client_of(Script()), scope={})


class TestPandas:
    def test_a_frame_of_records(self) -> None:
        frame = pd.DataFrame([session(), session(id="t", started_at=None)])
        assert sorted(frame.columns) == sorted(SESSION)
        assert frame["id"].tolist() == ["s", "t"]
        assert isinstance(frame["started_at"].dtype, pd.DatetimeTZDtype)
        assert frame["started_at"].tolist()[0] == NOON
        assert frame["minutes_consumed"].tolist() == [60.0, 60.0]

    def test_a_frame_of_a_relation(self) -> None:
        script = Script(ok({"sessions": [SESSION, {**SESSION, "id": "t"}]}), ok({"sessions": []}))
        frame = pd.DataFrame(client_of(script).sessions)
        assert list(frame["id"]) == ["s", "t"]


ENCODED = {
    **SESSION,
    "started_at": "2026-06-03T12:00:00+00:00",
    "minutes_consumed": 60.0,
    "breakout_rooms": [{"id": "b", "started_at": "2026-06-03T12:00:00+00:00"}],
}


class TestJson:
    def test_the_fastapi_encoder(self) -> None:
        from fastapi.encoders import jsonable_encoder

        assert jsonable_encoder(session()) == ENCODED
        assert jsonable_encoder([session()]) == [ENCODED]

    def test_a_fastapi_endpoint(self) -> None:
        from fastapi import FastAPI

        app = FastAPI()
        app.get("/")(session_as_it_is)
        assert answer_of(app) == ENCODED

    def test_a_fastapi_endpoint_with_a_return_type(self) -> None:
        """Pydantic accepts the record as a mapping, and rejects only nested records: they need `to_dict()`."""
        from fastapi import FastAPI

        app = FastAPI()
        app.get("/", response_model=dict[str, Any])(lambda: session(breakout_rooms=None))
        answer = answer_of(app)
        assert (answer["started_at"], answer["minutes_consumed"]) == ("2026-06-03T12:00:00Z", 60.0)

    def test_a_token_is_never_serialized_by_itself(self) -> None:
        from fastapi.encoders import jsonable_encoder

        with pytest.raises(ValueError) as caught:  # noqa: PT011 - FastAPI's own
            jsonable_encoder(person())
        assert TOKEN not in str(caught.value)
        with pytest.raises(TypeError, match="ParticipantToken"):
            json.dumps(dict(person()))
        assert TOKEN not in repr(dict(person()))
        assert json.loads(json.dumps(person().to_dict()))["token"] == TOKEN


def session_as_it_is():  # type: ignore[no-untyped-def]  # noqa: ANN201 - FastAPI reads the annotation
    return session()


def answer_of(app: Any) -> Any:
    """Return the response of an ASGI app to GET /."""
    import asyncio

    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"",
        "headers": [], "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    assert told[0]["status"] == 200
    return json.loads(b"".join(message.get("body", b"") for message in told[1:]))


def by_django(template: str, **values: object) -> str:
    with django_with([], asynchronous=False):
        from django.template import Context, Engine  # type: ignore[import-untyped]

        return str(Engine().from_string(template).render(Context(values, use_tz=False)))


class TestTemplates:
    @pytest.mark.parametrize(
        ("template", "text"),
        [
            ('{{ s.started_at|date:"Y-m-d H:i" }}', "2026-06-03 12:00"),
            ("{{ s.started_at.year }}", "2026"),
            ("{{ s.minutes_consumed }}", "60.0"),
            ("{{ s.new_field.deep.0 }}", "1"),
            ("{{ s.breakout_rooms.0.started_at.day }}", "3"),
            ("{{ s.nothing }}", ""),
            ("{% if s %}there{% endif %}", "there"),
            ("{% for name, value in s.items %}{{ name }} {% endfor %}", " ".join(SESSION) + " "),
            ("{{ s }}", "&lt;Session id=&#x27;s&#x27; status=&#x27;ENDED&#x27;"),
        ],
    )
    def test_django(self, template: str, text: str) -> None:
        said = by_django(template, s=session())
        assert said.startswith(text)
        assert "_client" not in said

    def test_django_only_iterates_over_a_relation(self) -> None:
        script = Script(ok([{"id": "p", "name": "Ann"}]), ok([]))
        meeting = Meeting({"id": "m"}, client=client_of(script), scope={"account_id": "a", "app_id": "b"})
        assert by_django("{% for p in m.participants %}{{ p.name }}{% endfor %}", m=meeting) == "Ann"
        with pytest.raises(TypeError, match=r"\.first\(\)"):
            by_django("{% if m.participants %}x{% endif %}", m=meeting)

    @pytest.mark.parametrize(
        ("template", "text"),
        [
            ("{{ s.started_at.isoformat() }}", NOON.isoformat()),
            ("{{ s['started_at'].year }}", "2026"),
            ("{{ s.new_field.deep[0] }}", "1"),
            ("{% for name, value in s.items() %}{{ name }} {% endfor %}", " ".join(SESSION) + " "),
        ],
    )
    def test_jinja(self, template: str, text: str) -> None:
        assert jinja2.Environment(autoescape=True).from_string(template).render(s=session()) == text


@pytest.mark.parametrize("record", [session(), person()], ids=["session", "participant"])
def test_tools_that_inspect_mappings_find_no_client(record: Record) -> None:
    names = set(record)
    assert names == set(record.to_dict())
    assert not {name for name in names if name.startswith("_")}


def test_error_trackers_that_inspect_mappings_get_the_repr() -> None:
    """Sentry uses this first; a livestream contains a stream key, a recording a signed link."""
    assert type(session()).__sentry_repr__(session()) == repr(session())
