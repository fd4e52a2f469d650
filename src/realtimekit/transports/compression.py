"""Bodies that arrive compressed, in pieces of a bounded size: a few kilobytes can be gigabytes."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

PIECE = 2**20  # bytes, at most
CODINGS = {"gzip", "x-gzip", "deflate"}


class GarbledError(Exception):
    """What arrived is not what was compressed, or not all of it."""

    def __str__(self) -> str:
        return "its compressed body is damaged or ends early"


def layers(encoding: str) -> list[Layer]:
    """What undoes a `Content-Encoding`, first the one that was applied last. A coding unknown here is left as it is."""
    return [Layer() for coding in encoding.split(",") if coding.strip().lower() in CODINGS]


class Layer:
    """One compression undone: gzip, or what HTTP calls deflate (zlib's format); it is seen from the first bytes."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._begun = False

    def pieces(self, data: bytes) -> Generator[bytes]:
        """What this more of the body says. Raise `GarbledError`."""
        piece = b""
        while data or len(piece) == PIECE:  # a full piece: zlib may hold more
            if self._inflate.eof:
                self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip may have several parts (RFC 1952, 2.2)
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


def decompressed(layers: list[Layer], data: bytes) -> Generator[bytes]:
    """The body's next bytes, through all layers."""
    if not layers:
        yield data
        return
    for piece in layers[0].pieces(data):
        yield from decompressed(layers[1:], piece)
