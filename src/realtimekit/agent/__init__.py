"""The agent that sits in a live meeting: the protocol of its WebSocket, without I/O, and what runs it.

Its public face is `realtimekit.live`.
"""
