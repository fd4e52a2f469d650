"""The manifest, and the removal of secrets from responses before they are saved."""

from __future__ import annotations

from typing import Any

import pytest

from realtimekit.errors import DecodeError
from realtimekit.resources.session_save import _file_name
from realtimekit.saving.manifest import Manifest, SavedArtifact
from realtimekit.saving.scrub import scrub, without_signature

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


def test_a_source_has_no_signature() -> None:
    assert without_signature("https://r2.example/a?s") == "https://r2.example/a"
    assert without_signature("/accounts/a/x?s") == "/accounts/a/x"


def test_a_manifest_reads_back() -> None:
    artifacts = {"chat": SavedArtifact("chat", "COPIED", "chat.csv", 1, "ab", "/x", "2026-06-03T10:00:00+00:00")}
    manifest = Manifest("s", "app", None, "ENDED", None, None, "2026-06-03T10:00:00+00:00", artifacts)
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
