"""Small valid media files, written without a codec: a gray picture and silence, as long as the recording.

Players open them and show the right length and size. There is nothing to see or hear.
"""

from __future__ import annotations

import math
import struct

# Silence is not compact in these formats: a day of it as MP3 would be 86 MB. Longer audio is cut off here.
MAX_AUDIO_SECONDS = 600.0

# MPEG-2.5 layer III, 8 kbit/s, 8 kHz, mono: 72 bytes hold 72 ms, and side information of zeros is silence.
_MP3_FRAME = bytes.fromhex("ffe318c0").ljust(72, b"\0")
_MP3_SECONDS = 0.072
# ADTS around one silent AAC-LC block, 8 kHz, mono: 128 ms.
_AAC_FRAME = bytes.fromhex("fff16c4001bffc 00c800802380")
_AAC_SECONDS = 0.128
# 20 ms of silence; the rest of each second is discontinuous transmission (DTX), which Opus provides for.
_OPUS_FRAME = bytes.fromhex("f8fffe")


def mp3(seconds: float) -> bytes:
    """Return silence: `audio/mpeg`."""
    return _MP3_FRAME * _count(seconds, _MP3_SECONDS)


def aac(seconds: float) -> bytes:
    """Return silence: `audio/aac`."""
    return _AAC_FRAME * _count(seconds, _AAC_SECONDS)


def _count(seconds: float, of_one: float) -> int:
    return max(
        8, round(min(seconds, MAX_AUDIO_SECONDS) / of_one)
    )  # with fewer frames players do not recognize the format


# --- MP4 with H.264 ---------------------------------------------------------------------------------------------------


class _Bits:
    """A string of bits, with the codes of H.264 (ITU-T H.264, 7.2 and 9.1)."""

    def __init__(self) -> None:
        self._text: list[str] = []

    def u(self, size: int, value: int) -> None:
        self._text.append(f"{value:0{size}b}")

    def ue(self, *values: int) -> None:
        for value in values:
            code = f"{value + 1:b}"
            self._text.append("0" * (len(code) - 1) + code)

    def unit(self, head: int) -> bytes:
        """Return all bits as a NAL unit, with the trailing bits.

        What is written here never contains the three bytes that would have to be escaped (7.4.1).
        """
        text = "".join(self._text) + "1"
        text += "0" * (-len(text) % 8)
        return bytes([head]) + int(text, 2).to_bytes(len(text) // 8, "big")


def _parameters(width: int, height: int) -> tuple[bytes, bytes]:
    """Return the sequence and picture parameter sets: constrained baseline, frames only."""
    across, down = math.ceil(width / 16), math.ceil(height / 16)
    sequence = _Bits()
    sequence.u(24, 0x42C033)  # profile, constraints, level 5.1, which the largest picture needs
    sequence.ue(0, 0, 2, 0)  # id, frame numbers of 4 bits, pictures in the order in which they come, no references
    sequence.u(1, 0)
    sequence.ue(across - 1, down - 1)
    sequence.u(3, 0b111)  # frames, not fields; the picture is cropped:
    sequence.ue(0, (across * 16 - width) // 2, 0, (down * 16 - height) // 2)  # in pairs of pixels
    sequence.u(1, 0)
    picture = _Bits()
    picture.ue(0, 0)
    picture.u(2, 0)
    picture.ue(0, 0, 0)
    picture.u(3, 0)
    picture.ue(0, 0, 0)
    picture.u(3, 0)
    return sequence.unit(0x67), picture.unit(0x68)


def _picture(width: int, height: int) -> bytes:
    """Return a gray key frame: each macroblock is predicted from nothing, which is gray, without residual: 8 bits."""
    frame = _Bits()
    frame.ue(0, 7, 0)  # from the first block on, intra, by picture parameter set 0
    frame.u(4, 0)
    frame.ue(0)
    frame.u(2, 0)
    frame.ue(0)
    for _ in range(math.ceil(width / 16) * math.ceil(height / 16)):
        frame.u(8, 0b00100111)
    return frame.unit(0x65)


def _box(kind: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind.encode() + body


def _full(kind: str, *parts: bytes, flags: int = 0) -> bytes:
    """Return a full box: one with a version, 0, and flags."""
    return _box(kind, struct.pack(">I", flags), *parts)


_IDENTITY = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)  # the transformation matrix


def mp4(seconds: float, width: int, height: int) -> bytes:
    """Return a video of one gray picture: `video/mp4`, H.264.

    Args:
        seconds: its length; at least a millisecond.
        width: in pixels; the format needs an even number, so an odd one is increased by one.
        height: likewise.
    """
    width, height = width + width % 2, height + height % 2
    length = max(1, round(seconds * 1000))  # in units of a millisecond, here and below
    sequence, picture = _parameters(width, height)
    frame = _picture(width, height)
    sample = struct.pack(">I", len(frame)) + frame
    kind = _box("ftyp", b"isom", struct.pack(">I", 512), b"isomavc1mp41")
    decoder = _box(
        "avcC",
        bytes([1, *sequence[1:4], 0xFF, 0xE1]),
        *(struct.pack(">H", len(sequence)), sequence),
        *(b"\1", struct.pack(">H", len(picture)), picture),
    )
    entry = _box(
        "avc1",
        struct.pack(">6xH16xHHIIIH32xHh", 1, width, height, 72 << 16, 72 << 16, 0, 1, 24, -1),
        decoder,
    )
    samples = _box(
        "stbl",
        _full("stsd", struct.pack(">I", 1), entry),
        _full("stts", struct.pack(">III", 1, 1, length)),
        _full("stsc", struct.pack(">IIII", 1, 1, 1, 1)),
        _full("stsz", struct.pack(">II", len(sample), 1)),
        _full("stco", struct.pack(">II", 1, len(kind) + 8)),
    )
    where = _box("dinf", _full("dref", struct.pack(">I", 1), _full("url ", flags=1)))
    media = _box(
        "mdia",
        _full("mdhd", struct.pack(">IIIIHH", 0, 0, 1000, length, 0x55C4, 0)),
        _full("hdlr", struct.pack(">I4s12x", 0, b"vide"), b"\0"),
        _box("minf", _full("vmhd", bytes(8), flags=1), where, samples),
    )
    shown = struct.pack(">IIIII8xHHHH", 0, 0, 1, 0, length, 0, 0, 0, 0) + _IDENTITY
    track = _box("trak", _full("tkhd", shown, struct.pack(">II", width << 16, height << 16), flags=3), media)
    film = struct.pack(">IIIIIH10x", 0, 0, 1000, length, 0x10000, 0x100) + _IDENTITY + struct.pack(">24xI", 2)
    return kind + _box("mdat", sample) + _box("moov", _full("mvhd", film), track)


# --- WebM with Opus ---------------------------------------------------------------------------------------------------


def _element(id: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes.fromhex(id) + (len(body) | 1 << 56).to_bytes(8, "big") + body


def _number(id: str, value: int) -> bytes:
    return _element(id, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def webm(seconds: float) -> bytes:
    """Return this many seconds of silence: `audio/webm`, Opus."""
    length = max(20, round(seconds * 1000))  # milliseconds, as every time below
    head = _element(
        "1A45DFA3", _number("4286", 1), _number("42F7", 1), _number("42F2", 4), _number("42F3", 8),
        _element("4282", b"webm"), _number("4287", 4), _number("4285", 2),
    )  # fmt: skip
    made_by = _element("4D80", b"emulator"), _element("5741", b"emulator")
    about = _element("1549A966", _number("2AD7B1", 1_000_000), _element("4489", struct.pack(">d", length)), *made_by)
    opus = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 0, 48_000, 0, 0)
    sound = _element("E1", _element("B5", struct.pack(">d", 48_000.0)), _number("9F", 1))
    track = _element(
        "AE", _number("D7", 1), _number("73C5", 1), _number("83", 2), _element("86", b"A_OPUS"),
        _element("63A2", opus), _number("56AA", 0), _number("56BB", 80_000_000), sound,
    )  # fmt: skip
    clusters = [
        _element("1F43B675", _number("E7", start), *(_block(at - start) for at in range(start, end, 1000)))
        for start in range(0, length, 30_000)  # the times within a cluster are numbers of 16 bits
        for end in [min(start + 30_000, length)]
    ]
    return head + _element("18538067", about, _element("1654AE6B", track), *clusters)


def _block(at: int) -> bytes:
    return b"\xa3\x87" + struct.pack(">BhB", 0x81, at, 0x80) + _OPUS_FRAME
