"""Clients of pyreqwest, with the certificates and proxies of the environment."""

from __future__ import annotations

import atexit
import functools
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pyreqwest.exceptions import BuilderError

from realtimekit.errors import APIConnectionError, ConfigurationError
from realtimekit.transports.pyreqwest.errors import FORKED, plain
from realtimekit.transports.pyreqwest.proxies import UNUSABLE_PROXY, Builder, add_proxies

if TYPE_CHECKING:
    from collections.abc import Callable

AnyClient = TypeVar("AnyClient")

# When a request times out, pyreqwest does not say whether it was still connecting, so the server may have seen the
# request. A shorter timeout for connecting makes it certain that the server has not.
CONNECT_TIMEOUT = timedelta(seconds=10)
IDLE_TIMEOUT = timedelta(seconds=30)
MAX_STREAMING_CLIENTS = 4


@functools.cache
def delay_exit() -> None:
    """Give pyreqwest's threads a moment when the program exits.

    A thread that has just delivered a response is still in Python code, and if the interpreter exits meanwhile, it
    aborts (0.15.1): on a busy machine, this happened to every tenth program that made one call.
    """
    atexit.register(time.sleep, 0.05)


def cache_client(clients: dict[float, AnyClient], timeout: float, client: AnyClient) -> None:
    """Keep a client for the next download with this timeout.

    Only the last few are kept: a caller that computes timeouts from a deadline uses a different one each time.
    """
    clients[timeout] = client
    for oldest in list(clients)[:-MAX_STREAMING_CLIENTS]:
        clients.pop(oldest, None)  # its connections are closed after its last download


def build_client(build: Callable[[], AnyClient]) -> AnyClient:
    error_to_raise: ConfigurationError | APIConnectionError
    try:
        return build()
    except (OSError, BuilderError) as error:
        error_to_raise = ConfigurationError("cannot read the trusted CAs: check SSL_CERT_FILE and SSL_CERT_DIR")
        error_to_raise.__cause__ = plain(error)
    except ValueError:  # the message may quote the proxy's password
        error_to_raise = ConfigurationError(UNUSABLE_PROXY)
    except RuntimeError as error:
        if "fork" not in str(error):
            raise
        error_to_raise = APIConnectionError(FORKED, maybe_processed=False)
    raise error_to_raise  # outside the `except`, so that neither that error nor its frames become its context


def configure(client: Builder) -> Builder:
    client = client.follow_redirects(enable=False).connect_timeout(CONNECT_TIMEOUT).pool_idle_timeout(IDLE_TIMEOUT)
    # On Linux pyreqwest itself reads SSL_CERT_FILE and SSL_CERT_DIR; elsewhere it uses the system's store only.
    if certificates := os.environ.get("SSL_CERT_FILE"):
        client = client.add_root_certificate_pem(Path(certificates).read_bytes())
    return add_proxies(client)
