"""The generated media files, parsed by the rules of their formats."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtimekit.emulator.services import media

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = st.floats(0, 100_000)


def boxes(content: bytes) -> dict[str, bytes]:
    """The boxes of an MP4, by kind; they fill it."""
    found, at = {}, 0
    while at < len(content):
        (size,) = struct.unpack_from(">I", content, at)
        found[content[at + 4 : at + 8].decode()] = content[at + 8 : at + size]
        at += size
    assert at == len(content)
    return found


def inside(content: bytes, *path: str) -> bytes:
    for kind in path:
        content = boxes(content)[kind]
    return content


def bits(unit: bytes) -> Iterator[int]:
    for byte in unit[1:]:
        yield from (byte >> place & 1 for place in range(7, -1, -1))


def take(stream: Iterator[int], size: int) -> int:
    value = 0
    for _ in range(size):
        value = value << 1 | next(stream)
    return value


def exp_golomb(stream: Iterator[int]) -> int:
    zeros = 0
    while not next(stream):
        zeros += 1
    return (1 << zeros) - 1 + take(stream, zeros)


def size_in(sequence: bytes) -> tuple[int, int]:
    """Width and height, as a decoder reads them (ITU-T H.264, 7.3.2.1.1)."""
    stream = bits(sequence)
    take(stream, 24)
    for _ in range(4):
        exp_golomb(stream)
    take(stream, 1)
    across, down = exp_golomb(stream) + 1, exp_golomb(stream) + 1
    assert take(stream, 3) == 0b111
    left, right, top, bottom = (exp_golomb(stream) for _ in range(4))
    return across * 16 - 2 * (left + right), down * 16 - 2 * (top + bottom)


@settings(deadline=None)
@given(seconds=SECONDS, width=st.integers(1, 1920), height=st.integers(1, 1920))
def test_mp4(seconds: float, width: int, height: int) -> None:
    content = media.mp4(seconds, width, height)
    assert list(boxes(content)) == ["ftyp", "mdat", "moov"]
    table = boxes(inside(content, "moov", "trak", "mdia", "minf", "stbl"))
    size, count = struct.unpack_from(">II", table["stsz"], 4)
    entries, at = struct.unpack_from(">II", table["stco"], 4)
    assert (count, entries) == (1, 1)
    sample = content[at : at + size]
    assert sample == boxes(content)["mdat"]
    assert struct.unpack(">I", sample[:4])[0] == len(sample) - 4
    assert sample[4] == 0x65  # a key frame
    wanted = width + width % 2, height + height % 2
    entry = table["stsd"][8:]
    assert struct.unpack_from(">HH", entry, 32) == wanted
    decoder = boxes(entry[86:])["avcC"]
    (length,) = struct.unpack_from(">H", decoder, 6)
    assert size_in(decoder[8 : 8 + length]) == wanted
    for unit in (sample[4:], decoder[8 : 8 + length], decoder[11 + length :]):
        assert unit[-1]
        assert not re.search(rb"\0\0[\0-\3]", unit)  # would be taken for the start of another one, or for an escape
    scale, duration = struct.unpack_from(">II", inside(content, "moov", "mvhd"), 12)
    assert duration / scale == pytest.approx(max(seconds, 0.001), abs=0.001)
    assert struct.unpack_from(">III", table["stts"], 4) == (1, 1, duration)


def elements(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The elements of a Matroska file or element, in order; they fill it."""
    at = 0
    while at < len(content):
        width = 9 - content[at].bit_length()
        kind, at = content[at : at + width].hex(), at + width
        width = 9 - content[at].bit_length()
        size = int.from_bytes(content[at : at + width], "big") ^ 1 << 7 * width
        at += width
        yield kind, content[at : at + size]
        at += size
    assert at == len(content)


@settings(deadline=None)
@given(seconds=st.floats(0, 3000))
def test_webm(seconds: float) -> None:
    head, segment = elements(media.webm(seconds))
    assert dict(elements(head[1]))["4282"] == b"webm"
    about, tracks, *clusters = elements(segment[1])
    length = max(round(seconds * 1000), 20)
    assert struct.unpack(">d", dict(elements(about[1]))["4489"]) == (length,)
    ((_, track),) = elements(tracks[1])
    assert dict(elements(track))["86"] == b"A_OPUS"
    times = []
    for _, cluster in clusters:
        (_, start), *blocks = elements(cluster)
        times += [int.from_bytes(start, "big") + struct.unpack_from(">h", block, 1)[0] for _, block in blocks]
    assert times == list(range(0, length, 1000))


@settings(deadline=None)
@given(seconds=SECONDS)
def test_sound(seconds: float) -> None:
    length = min(seconds, media.MAX_AUDIO_SECONDS)
    mp3, aac = media.mp3(seconds), media.aac(seconds)
    assert len(mp3) % 72 == len(aac) % 13 == 0
    assert len(mp3) / 72 * 0.072 == pytest.approx(max(length, 8 * 0.072), abs=0.072)
    assert len(aac) / 13 * 0.128 == pytest.approx(max(length, 8 * 0.128), abs=0.128)
    assert (mp3[0], mp3[1] & 0xE0, aac[0], aac[1] & 0xF0) == (0xFF, 0xE0, 0xFF, 0xF0)
    assert (aac[3] & 3) << 11 | aac[4] << 3 | aac[5] >> 5 == 13  # an ADTS frame says its size
