"""Zstandard, with the library that writes the tables."""

from __future__ import annotations


def compressed(content: bytes) -> bytes:
    """Compress with Zstandard."""
    import pyarrow as pa

    return bytes(pa.compress(content, codec="zstd", asbytes=True))


def decompressed(content: bytes) -> bytes:
    """Return what was compressed."""
    import pyarrow as pa

    with pa.input_stream(pa.py_buffer(content), compression="zstd") as stream:
        return bytes(stream.read())
