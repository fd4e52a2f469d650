"""Prices: those of the package, and files of others."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import pytest

from realtimekit.costs import Price, read_prices
from realtimekit.costs.prices import DEFAULT_FILE

SOURCE = '[[source]]\nurl = "x"\ndate = 2026-01-31\n'


def test_the_published_prices_have_a_source_and_a_date() -> None:
    prices = read_prices()
    assert prices.currency == "USD"
    assert prices.prices["participant_group_call"] == Price(
        0.002, "https://developers.cloudflare.com/realtime/realtimekit/platform/pricing/", dt.date(2026, 11, 29)
    )
    assert all(price.source.startswith("https://developers.cloudflare.com/") for price in prices.prices.values())
    assert prices.cost("participant_chat", 10) is None
    assert tomllib.loads(DEFAULT_FILE.read_text("utf-8")).keys() == {"currency", "source"}


def test_transcription_is_charged_by_neurons() -> None:
    """$0.011 for 1,000 neurons; 46.63 and 836.36 neurons for a minute of audio."""
    prices = read_prices()
    assert prices.cost("transcription_after_meeting", 1) == pytest.approx(46.63 * 0.011 / 1000)
    assert prices.cost("transcription_live", 1) == pytest.approx(836.36 * 0.011 / 1000)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("currency", "it is not TOML"),
        (b"\xff", "it is not TOML"),
        ("", "the file has no currency"),
        ('currency = "EUR"', r"it has no \[\[source\]\]"),
        ('currency = "EUR"\nsource = 3', r"it has no \[\[source\]\]"),
        ('currency = "EUR"\nrecording = 3\n' + SOURCE, "it has 'recording', and may have currency"),
        ('currency = "EUR"\n[[source]]\ndate = 2026-01-31', r"a \[\[source\]\] has no url"),
        ('currency = "EUR"\n[[source]]\nurl = "x"\ndate = "2026"', "the source 'x' needs a date such as 2026-11-29"),
        ('currency = "EUR"\n' + SOURCE, r"the source 'x' has no \[source.per_minute\]"),
        (f'currency = "EUR"\n{SOURCE}[source.per_minute]\nrecording = -1', "recording must be a number, 0 or more"),
        (f'currency = "EUR"\n{SOURCE}[source.per_minute]\nrecording = "1"', "recording must be a number"),
        (f'currency = "EUR"\n{SOURCE}[source.per_minute]\nrecording = nan', "recording must be a number"),
        (f'currency = "EUR"\n{SOURCE}[source.per_minute]\nrecording = true', "recording must be a number"),
        ('currency = "EUR"\n' + (SOURCE + "[source.per_minute]\nrecording = 1\n") * 2, "recording has two prices"),
    ],
)
def test_what_is_no_file_of_prices(tmp_path: Path, content: str | bytes, message: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=f"prices.toml is not a file of prices: .*{message}"):
        read_prices(file)


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_prices(tmp_path / "none.toml")
