"""The manifest, and the removal of secrets from responses before they are saved."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from realtimekit.errors import DecodeError
from realtimekit.resources.session_save import _file_name
from realtimekit.saving.manifest import Manifest, SavedArtifact, State
from realtimekit.saving.scrub import scrub, scrub_response, scrub_text, without_signature

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJtZWV0aW5nSWQiOiJtIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://r2.example/a/b.mp4?X-Amz-Signature=s", "https://r2.example/a/b.mp4"),
        ("https://user:s@r2.example/a#s", "https://r2.example/a"),
        ("HTTPS://r2.example?s", "HTTPS://r2.example"),
        ("see https://r2.example/a?sig=s&x=1 there", "see https://r2.example/a there"),
        ("is it https://a.example/?q=1 ?", "is it https://a.example/?q=1 ?"),
        ("Why? Because.", "Why? Because."),
        (f"token {JWT}", "token [removed]"),
        ({"token": "s", "authToken": "s", "stream_key": "s", "secret": "s", "access_key": "s"}, dict.fromkeys(
            ("token", "authToken", "stream_key", "secret", "access_key"), "[removed]")),
        ({"token": None, "keys": 1, "id": "x", "name": ""}, {"token": None, "keys": 1, "id": "x", "name": ""}),
        ([{"layer": {"f.mp3": {"download_url": "https://r2.example/f?s"}}}],
         [{"layer": {"f.mp3": {"download_url": "https://r2.example/f"}}}]),
    ],
)  # fmt: skip
def test_secrets_are_removed(value: Any, expected: Any) -> None:
    assert scrub(value) == expected


HIDDEN = "c0ffee5ecret"


@pytest.mark.parametrize(
    "text",
    [
        JWT.replace("c2lnbmF0dXJl", HIDDEN),
        f"x-eyJhbGciOiJIUzI1NiJ9.eyJtIjoibSJ9.{HIDDEN}",
        f"(.eyJhbGciOiJIUzI1NiJ9.eyJtIjoibSJ9.{HIDDEN}.a.b)",
        f"https://app.example/join?authToken={HIDDEN}",
        f"join https://app.example/join?id=1&authToken={HIDDEN} now",
        f"two https://a.example/x?sig={HIDDEN},https://a.example/y?X-Amz-Signature={HIDDEN}",
    ],
)
def test_no_secret_survives_in_a_response_or_a_text(text: str) -> None:
    for value in (text, [text], {"title": text}, {"deep": {"tokens": [{"a": HIDDEN}], "t": text}}):
        content = json.dumps(value).encode()
        assert HIDDEN not in json.dumps(scrub(value))
        assert HIDDEN.encode() not in scrub_response(content, value)
    assert HIDDEN.encode() not in scrub_text(text.encode())


@pytest.mark.parametrize(
    "text", [f"see https://a.example/x?q={HIDDEN} now", f"wss://live.example/x?q={HIDDEN}", f"ftp://u:{HIDDEN}@h/x"]
)
def test_what_may_be_a_secret_is_removed_from_responses(text: str) -> None:
    for value in (text, f"at {text}"):
        assert HIDDEN not in scrub(value)


def test_what_is_no_secret_stays() -> None:
    for text in ("eyJust a. word. or two", "1.2.3 of eyJ.x", "a b", "https://a.example/x", "50 % ?", "\ud83d"):
        assert scrub(text) == text
        assert scrub_text(text.encode("utf-8", "surrogatepass")) == text.encode("utf-8", "surrogatepass")
    content = "\N{SNOWMAN}é".encode() + bytes(range(256))
    assert scrub_text(content) == content


@pytest.mark.parametrize("text", ["eyJ" * 100_000, "a.b.eyJ" * 50_000, "eyJ." * 100_000, "a." + "eyJ" * 100_000])
def test_hostile_texts_are_scrubbed_in_time(text: str) -> None:
    started = time.process_time()
    scrub(text)
    scrub_text(text.encode())
    assert time.process_time() - started < 1


def test_a_source_has_no_signature() -> None:
    assert without_signature("https://r2.example/a?s") == "https://r2.example/a"
    assert without_signature("/accounts/a/x?s") == "/accounts/a/x"


def test_a_manifest_reads_back() -> None:
    at = datetime(2026, 6, 3, 10, tzinfo=UTC)
    artifacts = {"chat": SavedArtifact("chat", State.COPIED, "chat.csv", 1, "ab", "/x", at)}
    manifest = Manifest("s", "app", None, "ENDED", None, None, at, artifacts)
    assert Manifest.from_json(manifest.to_json()) == manifest
    later = (
        manifest.to_json().replace(b'"version": 1', b'"version": 1, "more": {}').replace(b'"bytes"', b'"n": 0, "bytes"')
    )
    assert Manifest.from_json(later) == manifest


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"format": "realtimekit-session", "version": 1}'])
def test_invalid_manifests(content: bytes) -> None:
    with pytest.raises(DecodeError):
        Manifest.from_json(content)


def test_ids_as_names_of_files() -> None:
    assert _file_name("1c1fe8cc-1a63_4") == "1c1fe8cc-1a63_4"
    hostile = ["../../etc/passwd", "..", "A", "a/b", "a\\b", "nul\0", "x" * 300, "", "\ud800"]
    names = [_file_name(each) for each in hostile]
    assert len({name.lower() for name in names}) == len(hostile)
    for name in names:
        assert not set(name) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
        assert 0 < len(name) < 100
