"""Decompression of response bodies in chunks of bounded size: a few kilobytes can expand to gigabytes."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

CHUNK_SIZE = 2**20  # bytes, at most
_ENCODINGS = {"gzip", "x-gzip", "deflate"}
_GZIP_MAGIC = b"\x1f"  # the first byte of a gzip member


class DecompressionError(Exception):
    """The compressed body is damaged or incomplete."""

    def __str__(self) -> str:
        return "its compressed body is damaged or ends early"


class Decompressor:
    """Reverses a `Content-Encoding`: gzip, or what HTTP calls deflate (zlib's format), recognized by the first bytes.

    A body in any other encoding, which was not asked for, is passed on unchanged.
    """

    def __init__(self, encoding: str) -> None:
        compressed = bool(encoding) and encoding.strip().lower() in _ENCODINGS
        self._inflater = _new_inflater() if compressed else None
        self._started = False

    def feed(self, data: bytes) -> Iterable[bytes]:
        """Return the decompressed chunks of the next part of the body.

        Raises:
            DecompressionError: the body is damaged.
        """
        return (data,) if self._inflater is None else self._decompress(data, self._inflater)

    def _decompress(self, data: bytes, inflater: zlib._Decompress) -> Generator[bytes]:
        chunk = b""
        while data or (len(chunk) == CHUNK_SIZE and not inflater.eof):  # after a full chunk zlib may hold more
            if inflater.eof:
                if not data.startswith(_GZIP_MAGIC):
                    return  # trailing padding, which other clients ignore, too
                self._inflater = inflater = _new_inflater()  # gzip may have several members (RFC 1952, 2.2)
            try:
                chunk = inflater.decompress(data, CHUNK_SIZE)
            except zlib.error as error:
                raise DecompressionError from error
            self._started = True
            data = inflater.unconsumed_tail or inflater.unused_data
            if chunk:
                yield chunk

    def finish(self) -> None:
        """Check that the body is complete.

        Raises:
            DecompressionError: it is not.
        """
        if self._started and self._inflater is not None and not self._inflater.eof:
            raise DecompressionError


def _new_inflater() -> zlib._Decompress:
    return zlib.decompressobj(zlib.MAX_WBITS | 32)
