"""The TLS settings: which certificate authorities are trusted."""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import httpcore2

from realtimekit.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl


def ssl_context() -> ssl.SSLContext:
    """Return the context for the certificates that the environment names, else for those of the system.

    It is shared by all transports: reading the certificates takes 20 ms, and each event loop has its own transport.

    Raises:
        ConfigurationError: SSL_CERT_FILE or SSL_CERT_DIR cannot be read.
    """
    # httpcore2 reads the variables, too; here they are the key of the cache. If both are set, only the file counts.
    file, folders = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        return _cached_context(file, folders, Path(file).stat().st_mtime_ns if file else None)
    except OSError as error:
        raise ConfigurationError("cannot read the trusted CAs: check SSL_CERT_FILE and SSL_CERT_DIR") from error


@functools.lru_cache(maxsize=4)
def _cached_context(*_key: object) -> ssl.SSLContext:
    return httpcore2.default_ssl_context()
