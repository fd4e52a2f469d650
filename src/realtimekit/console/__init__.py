"""A local web page that shows the API, an emulator or an archive: `realtimekit console`. Needs the extra `console`.

`create_app` makes the pages of a client, `Server` serves them to whoever has the link that it made.
"""

from __future__ import annotations

from realtimekit.console.app import create_app
from realtimekit.console.server import Server

__all__ = ["Server", "create_app"]
