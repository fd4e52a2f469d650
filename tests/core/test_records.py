"""Records: typed fields over a JSON object, converted when first read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Literal

import pytest

from realtimekit import DecodeError, LivestreamSession, PeerEvent, Recording, Session
from realtimekit.record import Record, field
from realtimekit.resources.active_session import KickResult
from realtimekit.values import parse_timestamp

from .scripted import Script, client_of, ok, paging_of


class Inner(Record):
    repr_fields: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    size: int | None


class Sample(Record):
    repr_fields: ClassVar[tuple[str, ...]] = ("text", "secret_not_shown_when_missing")

    text: str
    text_or_none: str | None
    open_enum: Literal["A", "B"] | str
    open_enum_or_none: Literal["A"] | str | None
    number: float
    number_or_none: float | None
    whole: int
    whole_or_none: int | None
    truth: bool
    truth_or_none: bool | None
    moment: datetime
    moment_or_none: datetime | None
    day: date
    day_or_none: date | None
    blob: dict[str, Any]
    blob_or_none: dict[str, Any] | None
    texts: list[str]
    inner: Inner
    inner_or_none: Inner | None
    inners: list[Inner]
    inners_or_none: list[Inner] | None
    anything: Any
    renamed: str = field("wireName")
    both: str | None = field("snake_case", "camelCase")


NOON = datetime(2026, 6, 3, 12, tzinfo=UTC)

READ: list[tuple[str, Any, Any]] = [
    ("text", "x", "x"),
    ("text", "", ""),
    ("text", 7, "7"),
    ("text", 1.5, "1.5"),
    ("text_or_none", None, None),
    ("open_enum", "A", "A"),
    ("open_enum", "NEW", "NEW"),
    ("open_enum_or_none", None, None),
    ("open_enum_or_none", "NEW", "NEW"),
    ("number", 1.5, 1.5),
    ("number", 60, 60.0),
    ("number", "60", 60.0),
    ("number", 0, 0.0),
    ("number_or_none", None, None),
    ("whole", 3, 3),
    ("whole", 3.0, 3),
    ("whole", "3", 3),
    ("whole", 2**60 + 1, 2**60 + 1),
    ("whole_or_none", None, None),
    ("truth", True, True),
    ("truth", False, False),
    ("truth", "true", True),
    ("truth", "false", False),
    ("truth_or_none", None, None),
    ("moment", "2026-06-03T12:00:00.000Z", NOON),
    ("moment", '2026-06-03T12:00:00.000Z"', NOON),
    ("moment_or_none", None, None),
    ("moment_or_none", "null", None),
    ("day", "2026-06-03", date(2026, 6, 3)),
    ("day", "2026-06-03T00:00:00Z", date(2026, 6, 3)),
    ("day_or_none", None, None),
    ("blob", {"a": [1]}, {"a": [1]}),
    ("blob_or_none", None, None),
    ("texts", [], []),
    ("texts", ["a", "b"], ["a", "b"]),
    ("inner", {"id": "i"}, Inner({"id": "i"})),
    ("inner_or_none", None, None),
    ("inners", [{"id": "i"}], [Inner({"id": "i"})]),
    ("inners", [None, {"id": "i"}, None], [Inner({"id": "i"})]),
    ("inners_or_none", None, None),
    ("anything", {"a": 1}, {"a": 1}),
    ("anything", None, None),
]


@pytest.mark.parametrize(("name", "raw", "value"), READ)
def test_a_field_is_converted(name: str, raw: Any, value: Any) -> None:
    read = getattr(Sample({name: raw}), name)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    "name", [name for name in Sample.__annotations__ if name.endswith("_or_none") or name == "both"]
)
def test_a_missing_optional_field_is_none(name: str) -> None:
    assert getattr(Sample({}), name) is None


REQUIRED = [name for name in Sample.__annotations__ if not name.endswith("_or_none")]


@pytest.mark.parametrize("name", [n for n in REQUIRED if n not in {"repr_fields", "anything", "both", "renamed"}])
@pytest.mark.parametrize("data", ["absent", "null"])
def test_a_missing_required_field_raises_only_when_it_is_read(name: str, data: str) -> None:
    record = Sample({"text": "x"} if name != "text" else {})
    if data == "null":
        record = Sample({**record.to_dict(), name: None})
    assert record.anything is None
    with pytest.raises(DecodeError, match=rf"<Sample.*> has no '{name}'"):
        getattr(record, name)


WRONG: list[tuple[str, Any]] = [
    ("text", ["x"]),
    ("text", True),
    ("text_or_none", {}),
    ("open_enum", ["A"]),
    ("number", "many"),
    ("number", True),
    ("number", [1]),
    ("whole", 1.5),
    ("whole", "1.5"),
    ("whole", True),
    ("whole", float("inf")),
    ("whole", 10**400),
    ("truth", "yes"),
    ("truth", 1),
    ("moment", "yesterday"),
    ("moment", ""),
    ("moment", 1_780_000_000),
    ("moment_or_none", "never"),
    ("day", "soon"),
    ("day", 20260603),
    ("blob", []),
    ("blob", "x"),
    ("texts", "abc"),
    ("texts", {"a": 1}),
    ("texts", [["a"]]),
    ("inner", "i"),
    ("inner", []),
    ("inners", {"id": "i"}),
    ("inners", [{"id": "i"}, "x"]),
]


@pytest.mark.parametrize(("name", "raw"), WRONG)
def test_an_invalid_value_raises_only_where_it_is_read(name: str, raw: Any) -> None:
    record = Sample({"text": "x", "anything": 1, name: raw})
    for _ in range(2):
        with pytest.raises(
            DecodeError, match=rf"^Sample\.{name} cannot be read: .*; the raw value is record\.to_dict\(\)\['{name}'\]"
        ):
            getattr(record, name)
        with pytest.raises(DecodeError, match=rf"^Sample\.{name} cannot be read: "):
            record[name]
    assert record["anything"] == record.anything == 1
    assert record.to_dict()[name] == raw


class TestWireNames:
    @pytest.mark.parametrize("data", [{"snake_case": "x"}, {"camelCase": "x"}, {"snake_case": None, "camelCase": "x"}])
    def test_either_casing(self, data: dict[str, Any]) -> None:
        assert Sample(data).both == "x"

    def test_the_first_name_is_preferred(self) -> None:
        assert Sample({"camelCase": "b", "snake_case": "a"}).both == "a"

    def test_a_missing_one_is_reported_by_its_wire_name(self) -> None:
        with pytest.raises(DecodeError, match="'wireName'"):
            _ = Sample({}).renamed

    def test_an_invalid_one_is_reported_by_both_names(self) -> None:
        with pytest.raises(DecodeError, match=r"Sample\.renamed .*record\.to_dict\(\)\['wireName'\]"):
            _ = Sample({"wireName": []}).renamed


class TestRaw:
    DATA: ClassVar[dict[str, Any]] = {"text": "x", "new_field": {"deep": [1, {"a": 2}]}, "number": 5}

    def test_unknown_fields_are_kept(self) -> None:
        record = Sample(self.DATA)
        assert record["new_field"] == {"deep": [1, {"a": 2}]}
        assert "new_field" in record
        assert "whole" not in record
        assert list(record) == ["text", "new_field", "number"]
        assert record.to_dict() == self.DATA

    def test_only_to_dict_is_unconverted(self) -> None:
        record = Sample(self.DATA)
        assert (record.number, record["number"], record.to_dict()["number"]) == (5.0, 5.0, 5)
        assert type(record["number"]) is float
        assert type(record.to_dict()["number"]) is int

    def test_a_missing_key_is_a_key_error(self) -> None:
        with pytest.raises(KeyError, match="whole"):
            Sample(self.DATA)["whole"]

    def test_an_undeclared_attribute_is_an_attribute_error(self) -> None:
        with pytest.raises(AttributeError, match="new_field"):
            getattr(Sample(self.DATA), "new_field")  # noqa: B009 - the type checkers know that it is none

    def test_to_dict_is_a_deep_copy(self) -> None:
        record = Sample({"text": "x", "new_field": {"deep": [1, {"a": 2}]}})
        copy = record.to_dict()
        copy["new_field"]["deep"][1]["a"] = "changed"
        copy["new_field"]["deep"].append("changed")
        copy["text"] = "changed"
        assert record.to_dict() == {"text": "x", "new_field": {"deep": [1, {"a": 2}]}}

    def test_changes_to_the_original_data_do_not_show(self) -> None:
        data = {"text": "x"}
        record = Sample(data)
        data["text"] = "y"
        assert record["text"] == "x"


class TestMapping:
    """A mapping from wire names to the values of the attributes."""

    @pytest.mark.parametrize(("name", "raw", "value"), READ)
    def test_a_declared_name_reads_as_the_attribute(self, name: str, raw: Any, value: Any) -> None:
        record = Sample({name: raw})
        for read in (record[name], record.get(name), dict(record)[name], {**record}[name], *record.values()):
            assert read == value
            assert type(read) is type(value)
        assert list(record.items()) == [(name, value)]

    def test_null_is_none(self) -> None:
        assert Sample({"moment": None})["moment"] is None

    def test_the_keys_are_the_wire_names(self) -> None:
        record = Sample({"wireName": "a", "camelCase": "b", "new": 1})
        assert dict(record) == {"wireName": "a", "camelCase": "b", "new": 1}
        assert list(record) == list(record.keys()) == ["wireName", "camelCase", "new"]
        assert len(record) == 3
        for python_name in ("renamed", "both", "text", "_data"):
            assert python_name not in record
            assert record.get(python_name) is None
            assert record.get(python_name, 7) == 7
            with pytest.raises(KeyError):
                record[python_name]

    def test_either_wire_name_reads_its_value(self) -> None:
        assert (Sample({"snake_case": 7})["snake_case"], Sample({"camelCase": 7})["camelCase"]) == ("7", "7")

    def test_a_name_with_values_of_different_kinds(self) -> None:
        def recording(link: object) -> Recording:
            return Recording({"download_url": link}, client=client_of(Script()), scope={})

        assert recording("u")["download_url"] == "u"
        layers = recording([{"layer_name": "a"}])["download_url"]
        assert [layer.layer_name for layer in layers] == ["a"]

    def test_a_subclass_may_convert_a_name_differently(self) -> None:
        class Other(Sample):
            number: str  # type: ignore[assignment]

        assert (Other({"number": 5})["number"], Sample({"number": 5})["number"]) == ("5", 5.0)

    def test_a_record_is_a_mapping(self) -> None:
        record = Sample({"text": "x", "new": 1})
        assert isinstance(record, Mapping)
        match record:
            case {"text": text, **rest}:
                assert (text, rest) == ("x", {"new": 1})
            case _:
                raise AssertionError
        assert "{text}".format(**record) == "x"

    def test_a_record_without_fields_is_true(self) -> None:
        assert len(Sample({})) == 0
        assert bool(Sample({})) is True

    def test_an_invalid_field_affects_no_other_name(self) -> None:
        record = Sample({"text": "x", "moment": "never"})
        assert record["text"] == "x"
        with pytest.raises(DecodeError, match=r"record\.to_dict\(\)\['moment'\]"):
            dict(record)

    def test_values_are_copies(self) -> None:
        """Changes to returned values do not change the record."""
        data: dict[str, Any] = {"blob": {"a": [1]}, "texts": ["a"], "anything": [1], "new": {"a": [1]}, "inners": []}
        record = Sample(data)
        for _ in range(2):
            for name, value in data.items():
                assert record[name] == value
                change(record[name])
                change(dict(record)[name])
                change(record.get(name))
        assert dict(record) == record.to_dict() == data
        for name in ("blob", "texts", "anything", "inners"):
            change(getattr(record, name))
        assert record.to_dict() == data

    @pytest.mark.parametrize("name", ["keys", "items", "values", "get", "to_dict"])
    def test_a_field_cannot_hide_a_method(self, name: str) -> None:
        with pytest.raises(
            TypeError, match=rf"^Clash\.{name} would hide a method: {name}_: \.\.\. = field\('{name}'\)"
        ):
            type("Clash", (Record,), {"__annotations__": {name: "str"}, "__module__": __name__})
        with pytest.raises(TypeError, match="would hide a method"):
            type("Clash", (Record,), {"__annotations__": {name: "str"}, name: field("x"), "__module__": __name__})
        renamed: Any = type(
            "Renamed",
            (Record,),
            {"__annotations__": {f"{name}_": "int"}, f"{name}_": field(name), "__module__": __name__},
        )
        assert getattr(renamed({name: "7"}), f"{name}_") == renamed({name: "7"})[name] == 7

    def test_nothing_is_converted_before_it_is_read(self) -> None:
        script = Script(ok({"sessions": [{"id": "s", "started_at": "never"}]}, paging_of(1, 1, 1)))
        (session,) = client_of(script).sessions.all()
        assert set(vars(session)) == {"_client", "_data", "_scope"}


def change(value: Any) -> None:
    if isinstance(value, dict):
        value["changed"] = True
        for inner in value.values():
            change(inner)
    elif isinstance(value, list):
        value.append("changed")


def test_newer_data_merged_while_a_field_is_read_are_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Like an update() in another thread, between reading the JSON and caching the converted value."""
    record = Sample({"moment": "2026-06-03T12:00:00Z'"})  # a form that takes parsing

    def parse(text: str) -> datetime:
        if text != "2026-06-03T13:00:00Z'":
            record._merge({"moment": "2026-06-03T13:00:00Z'"})
        return parse_timestamp(text)

    monkeypatch.setattr("realtimekit.record.parse_timestamp", parse)
    assert record.moment == NOON
    assert record.moment == NOON.replace(hour=13)


class TestReadOnly:
    def test_assignment_is_refused(self) -> None:
        record = Sample({"text": "x"})
        for name in ("text", "anything", "unknown"):
            with pytest.raises(AttributeError, match=rf"^'{name}' of Sample cannot be assigned$"):
                setattr(record, name, "y")
        assert record.text == "x"

    def test_the_error_names_update_if_there_is_one(self) -> None:
        meeting = client_of(Script()).meetings.ref("m")
        with pytest.raises(AttributeError, match=r"cannot be assigned; send the change with update\(title=\.\.\.\)$"):
            meeting.title = "new"

    def test_the_error_does_not_name_update_if_there_is_none(self) -> None:
        session = client_of(Script()).sessions.ref("s")
        with pytest.raises(AttributeError, match=r"^'status' of Session cannot be assigned$"):
            session.status = "ENDED"


def test_a_field_is_converted_once() -> None:
    record = Sample({"moment": "2026-06-03T12:00:00Z", "inners": [{"id": "i"}], "inner": {"id": "j"}})
    assert record.moment is record.moment
    assert record.inners is record.inners
    assert record.inner is record.inner


class TestNested:
    def test_records_in_records(self) -> None:
        kicked = KickResult(
            {"action": "kick", "participants": [{"id": "p", "name": "Ann", "created_at": "2026-06-03T12:00:00Z"}]}
        )
        assert kicked.participants is not None
        (person,) = kicked.participants
        assert (person.id, person.name, person.email, person.created_at) == ("p", "Ann", None, NOON)

    def test_resources_in_resources_have_the_same_scope(self) -> None:
        client = client_of(Script())
        data = {"id": "s", "breakout_rooms": [{"id": "b", "associated_id": "m"}]}
        session = Session(data, client=client, scope={"account_id": "a", "app_id": "b"})
        assert session.breakout_rooms is not None
        (room,) = session.breakout_rooms
        assert isinstance(room, Session)
        assert room == Session({"id": "b"}, client=client, scope={"account_id": "a", "app_id": "b"})
        assert room.scope == {"account_id": "a", "app_id": "b"}


class TestPlainRecords:
    """Records without a path in the API are equal if their data are equal."""

    EVENT: ClassVar[dict[str, Any]] = {
        "id": "94af",
        "peer_id": "79d8",
        "event_name": "PEER_JOINING",
        "created_at": "2023-02-01T10:51:50.786Z",
    }

    def test_equality(self) -> None:
        assert PeerEvent(self.EVENT) == PeerEvent(self.EVENT)
        assert PeerEvent(self.EVENT) != PeerEvent({**self.EVENT, "new": 1})
        assert PeerEvent(self.EVENT) != Inner(self.EVENT)
        assert PeerEvent(self.EVENT) != self.EVENT

    def test_no_hash(self) -> None:
        with pytest.raises(TypeError, match=r"^PeerEvent is not hashable: it has no identity"):
            hash(PeerEvent(self.EVENT))
        with pytest.raises(TypeError):
            set([PeerEvent(self.EVENT)])  # noqa: C405 - the act of hashing

    def test_repr(self) -> None:
        assert (
            repr(PeerEvent(self.EVENT)) == "<PeerEvent event_name='PEER_JOINING' created_at='2023-02-01T10:51:50.786Z'>"
        )
        assert repr(PeerEvent({})) == "<PeerEvent>"

    def test_only_the_fields_of_the_example_are_present(self) -> None:
        event = PeerEvent(self.EVENT)
        assert event.created_at == datetime(2023, 2, 1, 10, 51, 50, 786_000, tzinfo=UTC)
        assert (event.session_id, event.participant_id, event.minutes_consumed) == (None, None, None)


def test_a_livestream_session_of_the_examples() -> None:
    data: dict[str, Any] = {
        "created_at": "2023-07-15T07:08:40.742Z",
        "err_message": None,
        "id": "cf55a850-c3fd-46b5-b5d2-25b3b9aa1686",
        "ingest_seconds": 118,
        "invoked_time": None,
        "livestream_id": "b60ef3da-fbbb-441b-9168-8235b0035123",
        "started_time": "2023-07-15T07:08:39.000Z",
        "stopped_time": "2023-07-15T07:10:45.000Z",
        "updated_at": "2023-07-15T07:11:47.274Z",
        "viewer_seconds": 116.11599994199997,
    }
    livestream_session = LivestreamSession(data, client=client_of(Script()), scope={})
    assert (livestream_session.ingest_seconds, livestream_session.viewer_seconds) == (118.0, 116.11599994199997)
    assert livestream_session.started_time == datetime(2023, 7, 15, 7, 8, 39, tzinfo=UTC)
    assert (livestream_session.err_message, livestream_session.invoked_time) == (None, None)
    assert livestream_session.to_dict() == data
