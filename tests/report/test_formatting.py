"""Sanitized text, before it is escaped, and formatted numbers."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from realtimekit import readable
from realtimekit.report import formatting, sanitize


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\r\n", "\n"),
        ("a\x00b\x1bc\x7fd\x9be", "a�b�c�d�e"),
        ("Bob \u202egnp.exe", "Bob �gnp.exe"),
        ("\u2066x\u2069", "�x�"),
        ("\ud800", "�"),
        ("\ufffe", "�"),
        ("مريم", "مريم"),
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_unsafe_characters_are_replaced(raw: str, shown: str) -> None:
    assert sanitize.clean(raw) == shown


@given(st.text(st.characters()))
def test_clean_text_can_be_written_and_holds_no_controls(raw: str) -> None:
    shown = sanitize.clean(raw)
    shown.encode()
    assert all(unicodedata.category(character) not in {"Cc", "Cs"} or character in "\n\t" for character in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert sanitize.clean(shown) == shown


@pytest.mark.parametrize(
    ("raw", "links"),
    [
        ("see https://example.com/a.", ["https://example.com/a"]),
        ("(HTTP://EXAMPLE.COM)", ["HTTP://EXAMPLE.COM"]),
        ("https://a.example https://b.example", ["https://a.example", "https://b.example"]),
        ("javascript:alert(1)", []),
        ("data:text/html,x", []),
        ("https://", []),
        ("https://[", []),
        ('https://example.com/"onclick=x', ["https://example.com/"]),
        ("//example.com", []),
    ],
)
def test_links_in_a_text(raw: str, links: list[str]) -> None:
    assert [piece for piece, link in sanitize.split_links(raw) if link] == links


@given(st.text() | st.from_regex(r"(https?://[a-z.:/\[\]]* ?)+", fullmatch=True))
@example("https://a.,")
def test_the_pieces_add_up_to_the_text(raw: str) -> None:
    found = sanitize.split_links(raw)
    assert "".join(piece for piece, _ in found) == sanitize.clean(raw)
    assert all(sanitize.is_web_link(piece) for piece, link in found if link)


@pytest.mark.parametrize(
    ("time", "words"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (3599, "1 h"), (3600, "1 h"), (7500, "2 h 5 min"), (None, "")],
)
def test_durations_in_words(time: float | None, words: str) -> None:
    assert formatting.format_duration(time) == words
    if time is not None:
        assert formatting.format_duration(timedelta(seconds=time)) == words


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.051, "0.05"),
        (4.0, "4"),
        (4.256, "4.26"),
        (12.04, "12"),
        (12.34, "12.3"),
        (250.4, "250"),
    ],
)
def test_numbers_are_short(value: float | None, shown: str) -> None:
    assert formatting.format_number(value) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (None, ""),
        (1, "1 byte"),
        (0, "0 bytes"),
        (999, "999 bytes"),
        (4231, "4.2 kB"),
        (5e8, "500.0 MB"),
        (2e15, "2000.0 TB"),
    ],
)
def test_sizes_in_words(count: float | None, shown: str) -> None:
    assert readable.format_size(count) == shown
