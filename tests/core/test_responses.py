"""Bodies, envelopes and paging in every known form."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from realtimekit import responses
from realtimekit.interfaces import Response
from realtimekit.pagination import Paging, paging
from realtimekit.responses import decode, unwrap

from .scripted import make_response, paging_of

APP: dict[str, Any] = {"id": "a", "name": "my-first-app", "created_at": "2025-01-01T08:16:40.644Z"}


@pytest.mark.parametrize(
    ("content", "decoded"),
    [
        (b'{"a": [1, 2.5, null, true]}', {"a": [1, 2.5, None, True]}),
        (b"[]", []),
        (b"0", 0),
        (b"null", None),
        (b"", None),
        (b" \r\n\t", None),
        (b"<html>", "<html>"),
        (b'{"a":', '{"a":'),
        ("Zürich".encode(), "Zürich"),
        (b"\xff", "\ufffd"),
        # what orjson refuses
        (rb'{"name": "Al\ud83d"}', {"name": "Al\ud83d"}),
        (b'{"a": 1e999}', {"a": float("inf")}),
        (b'{"name": "\\ud83d', r'{"name": "\ud83d'),
    ],
)
@pytest.mark.parametrize("threshold", [0, 2**20], ids=["orjson", "json"])
def test_decode(monkeypatch: pytest.MonkeyPatch, content: bytes, decoded: Any, threshold: int) -> None:
    monkeypatch.setattr(responses, "_decoder", responses._Decoder(threshold))
    monkeypatch.delitem(sys.modules, "orjson", raising=False)
    assert decode(make_response(content)) == decoded


def test_orjson_is_loaded_after_the_threshold() -> None:
    """In a process of its own, where nothing else has imported it."""
    pytest.importorskip("orjson")
    script = """
import sys
from realtimekit.responses import loads
for count in range(1, 12):
    assert loads(b'"' + b"x" * 99_998 + b'"') == "x" * 99_998
    assert ("orjson" in sys.modules) == (count == 11), count
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize(
    ("body", "key", "found"),
    [
        # beside each other: with and without the nesting that only some answers have
        ({"success": True, "data": APP}, None, APP),
        ({"success": True, "data": APP}, "app", APP),
        ({"success": True, "data": {"app": APP}}, "app", APP),
        ({"success": True, "data": {"sessions": []}}, "sessions", []),
        ({"success": True, "data": []}, "sessions", []),
        ({"success": True, "data": {"participants": [APP], "paging": {}}}, "participants", [APP]),
        ({"success": True, "data": {"data": [APP], "paging": {}}}, "data", [APP]),
        # the rest of Cloudflare's API
        ({"success": True, "result": APP, "errors": [], "messages": []}, None, APP),
        ({"success": True, "data": APP, "result": None}, None, APP),
        # a key that holds no record is a field like any other
        ({"data": {"id": "x", "app": "name"}}, "app", {"id": "x", "app": "name"}),
        ({"data": {"id": "x", "app": None}}, "app", {"id": "x", "app": None}),
        # no envelope
        (APP, None, APP),
        ([APP], None, [APP]),
        ({"success": True}, None, {"success": True}),
        ({"data": None}, "app", None),
        (None, "app", None),
        ("text", "app", "text"),
    ],
)
def test_unwrap(body: Any, key: str | None, found: Any) -> None:
    assert unwrap(body, key) == found


class TestPaging:
    @pytest.mark.parametrize(
        "body",
        [
            {"data": [], "paging": paging_of(123, 1, 2)},
            {"data": {"participants": [], "paging": paging_of(123, 1, 2)}},
            {"data": {"data": [], "paging": paging_of(123, 1, 2)}},
            {"result": [], "paging": paging_of(123, 1, 2)},
            {"data": {"paging": paging_of(9, 9, 9)}, "paging": paging_of(123, 1, 2)},
            {"data": {"paging": paging_of("123", "1", "2")}},
            {"data": {"paging": paging_of(123.0, 1.0, 2.0)}, "paging": None},
            {"data": {"paging": paging_of(123, 1, 2)}, "paging": []},
            {"data": [], "paging": {**paging_of(123, 1, 2), "page_count": 62}},
        ],
    )
    def test_is_found_next_to_the_data_and_inside_it(self, body: Any) -> None:
        assert paging(body) == Paging(123, 1, 2)

    @pytest.mark.parametrize("body", [None, [], "text", 7, {}, {"data": []}, {"data": {}, "paging": 3}, {"paging": {}}])
    def test_missing_is_unknown(self, body: Any) -> None:
        assert paging(body) == Paging(None, None, None)

    @pytest.mark.parametrize("wrong", [None, "", "many", [], {}, True, False, float("inf"), float("nan")])
    def test_values_that_are_not_numbers_are_unknown(self, wrong: Any) -> None:
        assert paging({"paging": paging_of(wrong, 1, 2)}) == Paging(None, 1, 2)
        assert paging({"paging": paging_of(2, wrong, 2)}) == Paging(2, None, 2)
        assert paging({"paging": paging_of(2, 1, wrong)}) == Paging(2, 1, None)

    def test_single_values_may_be_missing(self) -> None:
        assert paging({"paging": {"total_count": 5}}) == Paging(5, None, None)


def test_a_byte_order_mark_and_deep_nesting_are_handled() -> None:
    assert decode(Response(200, {}, b'\xef\xbb\xbf{"a": 1}')) == {"a": 1}
    assert isinstance(decode(Response(200, {}, b"[" * 100_000)), str)
