"""The device, location and network connection of a participant. It holds personal data, such as IP addresses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from realtimekit.quality.nested import nested
from realtimekit.record import Record, field


class ReportEvent(Record, repr_fields=("name", "timestamp")):
    """Something that happened in the browser, e.g. "audio_off"."""

    name: str | None
    timestamp: datetime | None
    metadata: dict[str, Any] | None


class Device(Record, repr_fields=("kind", "label")):
    """A microphone, camera or speaker."""

    device_id: str | None
    kind: str | None
    label: str | None


class DevicesUpdate(Record, repr_fields=("timestamp",)):
    """Devices that were connected or disconnected."""

    added: list[Device] = nested()
    removed: list[Device] = nested()
    timestamp: datetime | None


class SelectedDeviceUpdate(Record, repr_fields=("timestamp",)):
    """A device that was selected."""

    device: Device = nested()
    timestamp: datetime | None


class Browser(Record, repr_fields=("browser", "browser_version")):
    """The browser that the call ran in."""

    browser: str | None
    browser_version: str | None
    engine: str | None
    user_agent: str | None
    webgl_support: bool | None


class DeviceInfo(Record, repr_fields=("os", "os_version", "cpus")):
    """The machine that the browser ran on."""

    cpus: float | None
    is_mobile: bool | None
    os: str | None
    os_version: str | None


class NetworkOwner(Record, repr_fields=("asn",)):
    """The autonomous system that the IP address belongs to."""

    asn: str | None
    domain: str | None
    name: str | None
    route: str | None
    type: str | None


class IpInformation(Record, repr_fields=("country",)):
    """Where the participant was, according to the IP address."""

    city: str | None
    country: str | None
    region: str | None
    timezone: str | None
    ipv4: str | None
    org: str | None
    asn: NetworkOwner = nested()


class NativeEncoders(Record):
    """The encoders of a native (mobile) client."""

    audio_encoder: str | None
    video_encoder: str | None


class ConnectionTest(Record, repr_fields=("effective_network_type", "timestamp")):
    """Which kinds of connectivity a peer connection found."""

    effective_network_type: str | None
    reflexive_connectivity: bool | None
    relay_connectivity: bool | None
    turn_connectivity: bool | None
    sdp: list[str] = nested()
    timestamp: datetime | None


class CandidatePair(Record, repr_fields=("nominated", "local_candidate_type", "local_candidate_protocol")):
    """An ICE candidate pair, a path from the participant to the server; the nominated one was used.

    Round-trip times are assumed to be in seconds and bit rates in bits per second, as in WebRTC statistics.
    """

    nominated: bool | None
    available_incoming_bitrate: float | None
    available_outgoing_bitrate: float | None
    bytes_discarded_on_send: float | None
    bytes_received: float | None
    bytes_sent: float | None
    current_round_trip_time: float | None
    total_round_trip_time: float | None
    packets_discarded_on_send: float | None
    packets_received: float | None
    packets_sent: float | None
    last_packet_received_timestamp: float | None
    """Milliseconds since 1970."""
    last_packet_sent_timestamp: float | None
    """Milliseconds since 1970."""
    local_candidate_id: str | None
    local_candidate_address: str | None
    local_candidate_network_type: str | None
    local_candidate_port: float | None
    local_candidate_protocol: str | None
    local_candidate_related_address: str | None
    local_candidate_related_port: float | None
    local_candidate_type: str | None
    """"host", "srflx", "prflx" or "relay"."""
    local_candidate_url: str | None
    remote_candidate_id: str | None
    remote_candidate_address: str | None
    remote_candidate_port: float | None
    remote_candidate_protocol: str | None
    remote_candidate_type: str | None
    remote_candidate_url: str | None


class CandidatePairs(Record):
    """The candidate pairs of the two peer connections, one that sends and one that receives."""

    producing_transport: list[CandidatePair] = nested()
    consuming_transport: list[CandidatePair] = nested()


class Metadata(Record, repr_fields=("sdk_name", "sdk_version")):
    """Everything in a report except the media measurements."""

    audio_devices_updates: list[DevicesUpdate] = nested()
    video_devices_updates: list[DevicesUpdate] = nested()
    speaker_devices_updates: list[DevicesUpdate] = nested()
    selected_device_updates: list[SelectedDeviceUpdate] = nested()
    browser: Browser = nested("browser_metadata")
    device_info: DeviceInfo = nested()
    events: list[ReportEvent] = nested()
    ip_information: IpInformation = nested()
    native: NativeEncoders = nested("native_metadata")
    connections: list[ConnectionTest] = nested("pc_metadata")
    candidate_pairs: CandidatePairs = nested()
    view_type: str | None = field("room_view_type")
    sdk_name: str | None
    sdk_type: str | None
    sdk_version: str | None
