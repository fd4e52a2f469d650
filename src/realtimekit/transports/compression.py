"""Bodies that arrive compressed, in pieces of a bounded size: a few kilobytes can be gigabytes."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

PIECE = 2**20  # bytes, at most
CODINGS = {"gzip", "x-gzip", "deflate"}
GZIP = b"\x1f"  # what it begins with


class GarbledError(Exception):
    """What arrived is not what was compressed, or not all of it."""

    def __str__(self) -> str:
        return "its compressed body is damaged or ends early"


class Decompression:
    """What undoes a `Content-Encoding`: gzip, or what HTTP calls deflate (zlib's format), seen from the first bytes.

    Any other, which nobody asked for, is left as it is.
    """

    def __init__(self, encoding: str) -> None:
        self._compressed = encoding.strip().lower() in CODINGS
        self._inflate = _inflate()
        self._begun = False

    def pieces(self, data: bytes) -> Iterable[bytes]:
        """What this more of the body says. Raise `GarbledError`."""
        return self._inflated(data) if self._compressed else (data,)

    def _inflated(self, data: bytes) -> Generator[bytes]:
        piece = b""
        while data or (len(piece) == PIECE and not self._inflate.eof):  # of a full piece zlib may hold more
            if self._inflate.eof:
                if not data.startswith(GZIP):
                    return  # padding, which others ignore, too
                self._inflate = _inflate()  # gzip may have several parts (RFC 1952, 2.2)
            try:
                piece = self._inflate.decompress(data, PIECE)
            except zlib.error as error:
                raise GarbledError from error
            self._begun = True
            data = self._inflate.unconsumed_tail or self._inflate.unused_data
            if piece:
                yield piece

    def end(self) -> None:
        """Raise `GarbledError` if there should have been more."""
        if self._begun and not self._inflate.eof:
            raise GarbledError


def _inflate() -> zlib._Decompress:
    return zlib.decompressobj(zlib.MAX_WBITS | 32)
