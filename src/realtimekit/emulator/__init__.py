"""A local RealtimeKit: the API, simulated participants and a clock, with no account and no network.

with Emulator() as emulator, emulator.serve() as server:
    client = RealtimeKit(base_url=server.base_url, api_token=emulator.api_token, ...)
"""

from __future__ import annotations

from realtimekit.emulator.emulator import Emulator, Peer
from realtimekit.emulator.http import HTTPError

__all__ = ["Emulator", "HTTPError", "Peer"]
