"""Rows that several services and operations look for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtimekit.emulator.http import HTTPError, not_found

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row, Store


def get_meeting(store: Store, meeting_id: str) -> Row:
    """Return the meeting, or raise 404."""
    if (meeting := store.row("select * from meetings where id = ?", meeting_id)) is None:
        raise not_found()
    return meeting


def find_live_session(store: Store, meeting_id: str) -> Row | None:
    return store.row("select * from sessions where meeting_id = ? and status = 'LIVE'", meeting_id)


def get_live_session(store: Store, meeting_id: str) -> Row:
    """Return the live session of a meeting, or raise 404."""
    get_meeting(store, meeting_id)
    if (session := find_live_session(store, meeting_id)) is None:
        raise HTTPError(404, f"No active session found for meeting_id {meeting_id}")
    return session


def get_peer(store: Store, session_id: str, peer_id: str) -> Row:
    """Return the peer of a session, or raise 404."""
    sql = "select * from peers where id = ? and session_id = ?"
    if (peer := store.row(sql, peer_id, session_id)) is None:
        raise HTTPError(404, f"session {session_id} has no peer {peer_id}")
    return peer
