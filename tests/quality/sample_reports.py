"""Peer reports for the tests: one like the recorded one, and calls that are good or bad in every respect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from realtimekit.quality.peer_report import PeerReport

START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
STEP = 6.0  # seconds between samples

# What a good sample of each list holds.
NETWORK = {"mos_quality": 4.3, "packets_lost": 0, "jitter": 0.004, "ssrc": 7, "mid": "0"}
SENT = {**NETWORK, "rtt": 0.03, "packets_sent": 300, "bytes_sent": 20_000, "producer_id": "stream-1"}
RECEIVED = {
    **NETWORK,
    "packets_received": 300,
    "bytes_received": 20_000,
    "consumer_id": "stream-2",
    "peer_id": "peer-2",
    "jitter_buffer_delay": 12.0,
    "jitter_buffer_emitted_count": 200,
}
PICTURE = {"frames_per_second": 30, "frame_width": 1280, "frame_height": 720}
GOOD: dict[str, dict[str, Any]] = {
    "audio_producer": SENT,
    "audio_consumer": {**RECEIVED, "concealment_events": 0},
    "video_producer": {**SENT, **PICTURE, "quality_limitation_reason": "none"},
    "video_consumer": {**RECEIVED, **PICTURE, "frames_decoded": 180, "frames_dropped": 0},
    "screenshare_audio_producer": SENT,
    "screenshare_audio_consumer": {**RECEIVED, "concealment_events": 0},
    "screenshare_video_producer": {**SENT, **PICTURE, "quality_limitation_reason": "none"},
    "screenshare_video_consumer": {**RECEIVED, **PICTURE, "frames_decoded": 180, "frames_dropped": 0},
}


def stamp(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def samples(name: str, count: int = 20, *, start: float = 0.0, **fields: Any) -> list[dict[str, Any]]:
    """Good samples of a list, with these fields changed; the first one measures the time before `start` + STEP."""
    return [{**GOOD[name], "timestamp": stamp(start + STEP * (at + 1)), **fields} for at in range(count)]


def report(**quality: Any) -> PeerReport:
    return PeerReport({"quality": quality})


def recorded() -> dict[str, Any]:
    """The shape of the one recorded response, with other values: a muted microphone, alone for 35 seconds."""
    rtts = (0, 0.6, 0.02, 0.3, 0.02, 0.02)
    audio = [
        {
            "mos_quality": 1,
            "timestamp": stamp(7 * at),
            "packets_lost": 0,
            "jitter": 0,
            "rtt": rtt,
            "packets_sent": 350 if at else 5,
            "bytes_sent": 6300 if at else 90,
            "producer_id": "9f0a5c1e-0000-4000-8000-000000000001",
            "ssrc": 2051826975,
            "mid": "0",
        }
        for at, rtt in enumerate(rtts)
    ]
    kinds = [
        f"{media}_{role}"
        for media in ("audio", "video", "screenshare_audio", "screenshare_video")
        for role in ("producer", "consumer")
    ]
    quality: dict[str, Any] = {kind: [] for kind in kinds} | {f"{kind}_cumulative": {} for kind in kinds}
    quality["audio_producer"] = audio
    quality["audio_producer_cumulative"] = {
        "quality_mos": {"avg": 1, "p50": 1, "p75": 1, "p90": 1},
        "packet_loss": {
            "avg": 0,
            "50_or_greater_event_fraction": 0.01,
            "25_or_greater_event_fraction": 0.02,
            "10_or_greater_event_fraction": 0.03,
            "5_or_greater_event_fraction": 0.04,
        },
        "rtt": {
            "avg": 160.0,
            "500ms_or_greater_event_fraction": 0.1667,
            "250ms_or_greater_event_fraction": 0.3333,
            "100ms_or_greater_event_fraction": 0.3334,
        },
    }
    return {
        "metadata": {
            "events": [{"name": "audio_off", "timestamp": stamp(0)}],
            "pc_metadata": [
                {
                    "effective_network_type": "4g",
                    "reflexive_connectivity": False,
                    "relay_connectivity": True,
                    "turn_connectivity": True,
                    "timestamp": stamp(5),
                }
            ],
            "audio_devices_updates": [],
            "video_devices_updates": [],
            "speaker_devices_updates": [],
            "selected_device_updates": [],
            "candidate_pairs": {
                "producing_transport": [
                    {
                        "nominated": True,
                        "current_round_trip_time": 0.02,
                        "total_round_trip_time": 2.5,
                        "bytes_received": 17000,
                        "bytes_sent": 100000,
                        "available_outgoing_bitrate": 50000,
                        "last_packet_received_timestamp": 1772460035121,
                        "last_packet_sent_timestamp": 1772460035139,
                        "local_candidate_id": "Iaaaa",
                        "remote_candidate_id": "Ibbbb",
                        "bytes_discarded_on_send": 0,
                        "packets_sent": 1760,
                        "packets_received": 350,
                        "packets_discarded_on_send": 0,
                        "local_candidate_type": "prflx",
                        "local_candidate_address": "203.0.113.21",
                        "local_candidate_port": 64000,
                        "local_candidate_protocol": "udp",
                        "local_candidate_network_type": "wifi",
                        "local_candidate_related_address": "192.0.2.10",
                        "local_candidate_related_port": 64000,
                        "remote_candidate_type": "host",
                        "remote_candidate_address": "198.51.100.7",
                        "remote_candidate_port": 46000,
                        "remote_candidate_protocol": "udp",
                    }
                ],
                "consuming_transport": [],
            },
            "device_info": {"cpus": 8, "is_mobile": False, "os": "macOS", "os_version": "10.15.7"},
            "browser_metadata": {
                "browser": "Chrome",
                "browser_version": "140.0.0.0",
                "engine": "Blink",
                "user_agent": "Mozilla/5.0",
                "webgl_support": None,
            },
            "sdk_name": "web-core",
            "sdk_version": "1.21.1",
            "room_view_type": "groupCall",
            "ip_information": {
                "city": "Lisbon",
                "country": "PT",
                "timezone": "Europe/Lisbon",
                "region": "Lisbon",
                "asn": {"asn": "AS64496"},
                "ipv4": "203.0.113.21",
            },
        },
        "quality": quality,
    }
