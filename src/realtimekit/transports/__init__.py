"""Transports: one per HTTP library, each a class with one method, `send` (see `realtimekit.interfaces.Transport`)."""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from realtimekit.errors import ConfigurationError

if TYPE_CHECKING:
    from realtimekit.settings import TransportName

# pyreqwest cannot be used in a process that forked after it was loaded.
_LOADED_IN = os.getpid()


def _load_pyreqwest() -> None:
    """Load it where it can stay: it crashes the interpreter once the thread that loaded it has ended (0.15.1).

    So a thread other than the main one leaves the loading to a thread that waits for ever.

    Raises:
        ImportError: it is not installed.
    """
    module = "realtimekit.transports.pyreqwest"
    if module in sys.modules or threading.current_thread() is threading.main_thread():
        return
    if find_spec("pyreqwest") is None:
        raise ImportError(name="pyreqwest")
    loaded = threading.Event()

    def load_and_stay() -> None:
        try:
            import_module(module)
        finally:
            loaded.set()
        threading.Event().wait()

    threading.Thread(target=load_and_stay, name="pyreqwest-stays-loaded", daemon=True).start()
    loaded.wait()


def create_transport(name: TransportName, *, asynchronous: bool) -> Any:
    """Create the named transport; "auto" means pyreqwest where it is installed and works, else httpcore2.

    Raises:
        ConfigurationError: pyreqwest was requested and is not installed.
    """
    if name == "pyreqwest" or (name == "auto" and os.getpid() == _LOADED_IN):
        try:
            _load_pyreqwest()
            from realtimekit.transports import pyreqwest
        except ImportError:
            if name != "auto":
                raise ConfigurationError(
                    "transport='pyreqwest' needs the extra `fast`: pip install 'realtimekit[fast]'"
                ) from None
        else:
            return pyreqwest.AsyncPyreqwestTransport() if asynchronous else pyreqwest.PyreqwestTransport()
    from realtimekit.transports import httpcore2

    return httpcore2.AsyncHttpcore2Transport() if asynchronous else httpcore2.Httpcore2Transport()
