"""Transports: one module per HTTP library (see `realtimekit.interfaces.Transport`)."""

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

# pyreqwest does not work in a process that was forked after this module was loaded.
_LOADED_IN = os.getpid()


def _load_pyreqwest() -> None:
    """Load pyreqwest in a thread that never ends.

    It crashes the interpreter once the thread that loaded it has ended (0.15.1). So any thread except the main thread
    starts a daemon thread for it.

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


def _uses_greenlets() -> bool:
    """Return whether gevent or eventlet has replaced the sockets: pyreqwest would block all greenlets of its thread."""
    gevent, eventlet = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    return bool((gevent and gevent.is_module_patched("socket")) or (eventlet and eventlet.is_monkey_patched("socket")))


def create_transport(name: TransportName, *, asynchronous: bool) -> Any:
    """Create the named transport; "auto" means pyreqwest where it is installed and works, else httpcore2.

    Raises:
        ConfigurationError: pyreqwest was requested and is not installed.
    """
    if name == "pyreqwest" or (name == "auto" and os.getpid() == _LOADED_IN and not _uses_greenlets()):
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
