"""Files as RealtimeKit documents them, and a little beyond."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from realtimekit.artifacts.segments import Peer, Segment

CHAT_HEADER = "id,participantId,sessionId,meetingId,displayName,pinned,isEdited,payloadType,payload,createdAt"
CHAT_ROW = 'm-1,p-1,s-1,meet-1,Alice,false,true,TEXT_MESSAGE,"Hello, all",2026-06-03T10:00:00.000Z'

CSV = '0,peer-1,user-1,custom-1,Alice,Hello everyone\n65250,peer-2,user-2,custom-2,Bob,"Hi, ""Alice"""\n'
JSON = """[
  {"startTime": 0, "endTime": 1500, "sentence": "Hello everyone",
   "peerData": {"id": "peer-1", "userId": "user-1", "displayName": "Alice", "cpi": "custom-1",
                "joinedAt": "2026-06-03T10:00:00.000Z", "leftAt": "2026-06-03T11:00:00.000Z"}},
  {"startTime": 65250, "endTime": 66000, "sentence": "Hi, \\"Alice\\"",
   "peerData": {"id": "peer-2", "userId": "user-2", "displayName": "Bob", "cpi": "custom-2"}}
]"""
SRT = """1
00:00:00,000 --> 00:00:01,500
Alice: Hello everyone

2
00:01:05,250 --> 00:01:06,000
Bob: Hi, "Alice"
"""
VTT = """WEBVTT

00:00:00.000 --> 00:00:01.500
Alice: Hello everyone

00:01:05.250 --> 00:01:06.000
Bob: Hi, "Alice"
"""
SEGMENTS = [
    Segment(timedelta(0), timedelta(seconds=1.5), "Alice", "Hello everyone", Peer("peer-1", "user-1", "custom-1")),
    Segment(
        timedelta(seconds=65.25), timedelta(seconds=66), "Bob", 'Hi, "Alice"', Peer("peer-2", "user-2", "custom-2")
    ),
]


def without(segments: list[Segment], *fields: str) -> list[Segment]:
    """Without the fields that a format does not have."""
    nothing: dict[str, Any] = dict.fromkeys(fields)
    return [segment._replace(**nothing) for segment in segments]
