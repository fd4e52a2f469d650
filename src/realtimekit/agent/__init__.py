"""The agent that joins a live meeting: its WebSocket protocol, without I/O, and the sync and async drivers.

The public API is `realtimekit.live`.
"""
