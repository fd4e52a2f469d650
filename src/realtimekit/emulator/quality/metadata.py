"""Metadata of a peer: device, browser, location, events, and the candidate pairs of its connections."""

from __future__ import annotations

import random
from statistics import fmean
from typing import Any

from realtimekit.emulator.quality.conditions import RUNGS, CallLeg, Profile, Tick, bounds, iso, profile_of
from realtimekit.emulator.quality.totals import total

_OVERHEAD_BYTES = 43  # of one packet on the wire, from the recorded candidate pair


def metadata_block(leg: CallLeg, ticks: list[Tick], quality: dict[str, Any]) -> dict[str, Any]:
    """Return the report's `metadata`; the traffic of its candidate pairs is that of `quality`."""
    profile = profile_of(leg.peer_id)
    start, end = bounds(leg)
    return {
        "events": [
            {"name": name, "timestamp": iso(at)}
            for at, name in _events(leg)
            if name not in {"call_join", "precall_end"}  # recorded in peer_stats only
        ],
        "pc_metadata": [
            {
                "effective_network_type": profile.effective_type,
                "reflexive_connectivity": not profile.relayed,
                "relay_connectivity": True,
                "turn_connectivity": True,
                "timestamp": iso(min(start + 4_800, end)),
            }
        ],
        "audio_devices_updates": [],
        "video_devices_updates": [],
        "speaker_devices_updates": [],
        "selected_device_updates": [],
        "candidate_pairs": _candidate_pairs(leg, ticks, quality),
        "device_info": _device(profile),
        "browser_metadata": _browser(profile),
        **_sdk(),
        "room_view_type": "groupCall",
        "ip_information": _ip_information(leg.peer_id),
    }


def peer_stats(leg: CallLeg) -> dict[str, Any]:
    """Return the older block of events, device, address and the measurement before the call (rtt in seconds)."""
    profile = profile_of(leg.peer_id)
    device, location = _browser(profile), _ip_information(leg.peer_id)
    sdk = _sdk()
    effective, reachable = profile.effective_type, not profile.relayed
    rtt, backend_rtt = profile.rtt / 1000, (profile.rtt + 1) / 1000
    join_metadata = {
        "user_id": leg.user_id,
        "peer_id": leg.peer_id,
        "display_name": leg.display_name,
        "room_u_u_i_d": leg.session_id,
        "room_view_type": "groupCall",
        "room_name": leg.meeting_id,
        "device_info": {
            "is_mobile": profile.device.is_mobile,
            "browser_name": device["browser"],
            "os_name": profile.device.os,
            "browser_version": device["browser_version"],
            "os_version_name": profile.device.os_version,
            "engine_name": device["engine"],
            "user_agent": device["user_agent"],
            "memory": profile.device.memory,
            "cpus": profile.device.cpus,
        },
        **sdk,
        "meta_data": {},
        "permissions": {},
        "meeting_env": "devel",
    }
    connection = {
        "ip_details": {
            **{key: location[key] for key in ("city", "country", "region", "timezone", "asn")},
            "loc": "0.0,0.0",
            "ip": location["ipv4"],
            "postal": "",
        },
        "effective_network_type": effective,
        "location": {"coords": {"latitude": 0.0, "longitude": 0.0}},
        "turn_connectivity": True,
        "connectivity": {"host": True, "relay": True, "reflexive": reachable},
        "throughput": profile.throughput,
        "fractional_loss": 0,
        "r_t_t": rtt,
        "jitter": 0,
        "backend_r_t_t": backend_rtt,
    }
    extra: dict[str, dict[str, Any]] = {
        "call_join": {"peer_meta_data": join_metadata},
        "tab_change": {"is_meetings_tab_active": False},
        "precall_end": {"connection_info": connection},
    }
    names = {"meeting_view_backgrounded": ("tab_change", "browser_backgrounded")}
    return {
        "events": [
            {"type": name, **({"metadata": extra[name]} if name in extra else {}), "timestamp": iso(at)}
            for at, event in _events(leg)
            for name in names.get(event, (event,))
        ],
        "device_info": {**device, **_device(profile), **sdk},
        "ip_information": {**location, "ip_location": location["ipv4"], "org": location["ipv4"]},
        "precall_network_information": {
            "backend_rtt": backend_rtt,
            "effective_networktype": effective,
            "fractional_loss": 0,
            "jitter": 0,
            "reflexive_connectivity": reachable,
            "relay_connectivity": True,
            "rtt": rtt,
            "throughput": profile.throughput,
            "turn_connectivity": True,
        },
    }


def _events(leg: CallLeg) -> list[tuple[int, str]]:
    """Return events with their times (ms), under recorded names; others exist but are not known."""
    start, end = bounds(leg)
    events = [(start - 3_000, "precall_begin"), (min(start + 220, end), "call_join")]
    events.append((min(start + 4_800, end), "precall_end"))
    if profile_of(leg.peer_id).device.is_mobile:  # on a phone people switch to other apps
        events.append(((start + end) // 2, "meeting_view_backgrounded"))
    return sorted(events, key=lambda event: event[0])


def _device(profile: Profile) -> dict[str, Any]:
    device = profile.device
    return {"cpus": device.cpus, "is_mobile": device.is_mobile, "os": device.os, "os_version": device.os_version}


def _browser(profile: Profile) -> dict[str, Any]:
    return {
        "browser": "Chrome",
        "browser_version": profile.device.browser_version,
        "engine": "Blink",
        "user_agent": profile.device.user_agent,
        "webgl_support": None,
    }


def _sdk() -> dict[str, str]:
    return {"sdk_name": "web-core", "sdk_version": "1.21.1"}


def _ip_information(peer_id: str) -> dict[str, Any]:
    """Return a public address (RFC 5737, as all addresses here) and a generic place; AS64496 is RFC 5398's example."""
    host = random.Random(f"{peer_id} address").randint(1, 254)
    location = {"city": "Lisbon", "country": "PT", "timezone": "Europe/Lisbon", "region": "Lisbon"}
    return {**location, "asn": {"asn": "AS64496"}, "ipv4": f"203.0.113.{host}"}


def _candidate_pairs(leg: CallLeg, ticks: list[Tick], quality: dict[str, Any]) -> dict[str, Any]:
    producing = [*quality["audio_producer"], *quality["video_producer"]]
    consuming = [*quality["audio_consumer"], *quality["video_consumer"]]
    start, end = bounds(leg)
    # Media in one direction; in the other only RTCP reports: 10 packets of 49 bytes a second, as recorded.
    reports = (end - start) // 100
    sent, received = total(producing, "packets_sent"), total(consuming, "packets_received")
    sent_bytes = total(producing, "bytes_sent") + _OVERHEAD_BYTES * sent
    received_bytes = total(consuming, "bytes_received") + _OVERHEAD_BYTES * received
    rate = RUNGS[profile_of(leg.peer_id).best_rung + ticks[-1].burst].bitrate * 2
    up = {"bytes_received": reports * 49, "bytes_sent": sent_bytes, "available_outgoing_bitrate": rate}
    up |= {"packets_sent": sent, "packets_received": reports}
    down = {"bytes_received": received_bytes, "bytes_sent": reports * 49, "available_incoming_bitrate": rate}
    down |= {"packets_sent": reports, "packets_received": received}
    return {
        "producing_transport": [_candidate_pair(leg, ticks, "producing", up)],
        "consuming_transport": [_candidate_pair(leg, ticks, "consuming", down)] if consuming else [],
    }


def _candidate_pair(leg: CallLeg, ticks: list[Tick], name: str, traffic: dict[str, int]) -> dict[str, Any]:
    """Return an ICE candidate pair: round trips in seconds, last packets in ms since 1970."""
    rng = random.Random(f"{leg.peer_id} {name}")
    profile = profile_of(leg.peer_id)
    public, last = _ip_information(leg.peer_id)["ipv4"], ticks[-1]
    start, end = bounds(leg)
    port, server = rng.randint(49_152, 65_535), rng.randint(1, 199)
    # A relay candidate speaks UDP between the TURN server and the far end; its URL says that TCP leads to it.
    turn = {"local_candidate_url": "turn:turn.example.com:443?transport=tcp"} if profile.relayed else {}
    checks = (end - start) / 2_500  # assumed: the browser checks the pair every 2.5 s
    return {
        "nominated": True,
        "current_round_trip_time": round(last.rtt / 1000, 3),
        "total_round_trip_time": round(fmean(tick.rtt for tick in ticks) / 1000 * checks, 3),
        **traffic,
        "last_packet_received_timestamp": max(start, last.at - 18),
        "last_packet_sent_timestamp": last.at,
        "local_candidate_id": f"I{rng.getrandbits(32):08x}",
        "remote_candidate_id": f"I{rng.getrandbits(32):08x}",
        "bytes_discarded_on_send": 0,
        "packets_discarded_on_send": 0,
        "local_candidate_type": "relay" if profile.relayed else "prflx",
        "local_candidate_address": f"198.51.100.{200 + server % 50}" if profile.relayed else public,
        "local_candidate_port": port,
        "local_candidate_protocol": "udp",
        "local_candidate_network_type": profile.network_type,
        "local_candidate_related_address": public if profile.relayed else f"192.0.2.{server}",
        "local_candidate_related_port": port,
        **turn,
        "remote_candidate_type": "host",
        "remote_candidate_address": f"198.51.100.{server}",
        "remote_candidate_port": rng.randint(40_000, 49_151),
        "remote_candidate_protocol": "udp",
    }
