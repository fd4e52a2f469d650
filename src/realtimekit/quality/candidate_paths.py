"""Candidate paths: how the media of a peer connection traveled, by its ICE candidate pairs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class CandidatePath(NamedTuple):
    """The path of one candidate pair.

    Attributes:
        relayed: whether a TURN server relayed the media.
        protocol: "udp", "tcp" or "tls".
    """

    relayed: bool
    protocol: str


def indirect_paths(pairs: Iterable[Any]) -> list[CandidatePath]:
    """Return the distinct paths that are not direct UDP, of the nominated pairs, or of all pairs if none is nominated.

    The protocol of a relay candidate is the one between the relay and the far end. How the browser reaches the relay is
    part of the candidate's URL (RFC 7065: `turn:host:port?transport=tcp`, `turns:` for TLS).
    """
    objects = [pair for pair in pairs if isinstance(pair, dict)]
    used = [pair for pair in objects if pair.get("nominated") is True] or objects
    found: dict[CandidatePath, None] = {}
    for pair in used:
        local, remote = (str(pair.get(f"{side}_candidate_type")).lower() for side in ("local", "remote"))
        protocol = str(pair.get("local_candidate_protocol") or "udp").lower()
        url = str(pair.get("local_candidate_url") or "").lower()
        relayed = "relay" in (local, remote)
        if local == "relay" and "transport=tcp" in url:
            protocol = "tcp"
        if local == "relay" and url.startswith("turns:") and "transport=udp" not in url:
            protocol = "tls"
        if relayed or protocol != "udp":
            found[CandidatePath(relayed, protocol)] = None
    return list(found)
