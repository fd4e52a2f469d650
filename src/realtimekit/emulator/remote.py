"""The control plane of an emulator in another process, with the methods of `Emulator`."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any, NoReturn, Unpack
from urllib.parse import quote

from realtimekit.emulator.emulator import Peer
from realtimekit.emulator.faults import Fault
from realtimekit.emulator.http import HTTPError, bad_request
from realtimekit.emulator.schema import STRING


def _refuse(value: object) -> NoReturn:
    raise bad_request(f"{type(value).__name__} is not a JSON type")


class RemoteEmulator:
    """`RemoteEmulator("http://127.0.0.1:8787/_emulator")` controls the emulator that is served there.

    Each method does what the one of `Emulator` does, and raises `HTTPError` as it does.

    Args:
        control_url: of the control plane; the emulator's base URL (`http://127.0.0.1:8787/client/v4`) will do.
    """

    def __init__(self, control_url: str) -> None:
        if not control_url.startswith(("http://", "https://")):
            raise ValueError(f"control_url={control_url!r} is not an http or https URL")
        origin, api, rest = control_url.rstrip("/").partition("/client/v4")
        self.control_url: str = f"{origin}/_emulator" if api and not rest else control_url.rstrip("/")
        # An emulator is not behind a proxy, whatever the environment says.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def _call(self, method: str, *path: str, **body: Any) -> dict[str, Any]:
        parts = [STRING.validate("id", part) for part in path]
        url = "/".join([self.control_url, *(quote(part, safe="") for part in parts)])
        data = json.dumps(body, default=_refuse).encode() if method == "POST" else None
        request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)  # noqa: S310
        try:
            with self._opener.open(request, timeout=30) as response:
                result: dict[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise HTTPError(error.code, self._message(error.read())) from None
        except urllib.error.URLError as error:
            raise HTTPError(503, f"no emulator responds at {self.control_url}: {error.reason}") from None
        return result

    def _message(self, body: bytes) -> str:
        try:
            return str(json.loads(body)["error"]["message"])
        except (ValueError, KeyError, TypeError):
            return f"{self.control_url} is not the control plane of an emulator, as http://127.0.0.1:8787/_emulator is"

    def join(self, meeting_id: str, participant_id: str) -> Peer:
        return Peer(**self._call("POST", "meetings", meeting_id, "join", participant_id=participant_id))

    def enter(self, token: str) -> Peer:
        return Peer(**self._call("POST", "enter", token=token))

    def leave(self, meeting_id: str, peer_id: str) -> None:
        self._call("POST", "meetings", meeting_id, "leave", peer_id=peer_id)

    def chat(self, session_id: str, peer_id: str, text: str) -> str:
        return str(self._call("POST", "sessions", session_id, "chat", peer_id=peer_id, text=text)["message_id"])

    def speak(self, session_id: str, peer_id: str, text: str, start_ms: int, end_ms: int) -> None:
        body = {"peer_id": peer_id, "text": text, "start_ms": start_ms, "end_ms": end_ms}
        self._call("POST", "sessions", session_id, "speech", **body)

    def broadcast(self, session_id: str, peer_id: str, type: str, payload: Any) -> None:
        body = {"peer_id": peer_id, "type": type, "payload": payload}
        self._call("POST", "sessions", session_id, "broadcast", **body)

    def end(self, meeting_id: str, reason: str = "host_ended_meeting") -> str:
        return str(self._call("POST", "meetings", meeting_id, "end", reason=reason)["session_id"])

    def advance(self, seconds: float) -> str:
        return str(self._call("POST", "clock", advance_seconds=seconds)["now"])

    def reset(self) -> None:
        self._call("POST", "reset")

    def add_fault(self, **rule: Unpack[Fault]) -> None:
        self.add_faults([rule])

    def add_faults(self, faults: Iterable[Fault]) -> None:
        self._call("POST", "faults", faults=list(faults))

    def faults(self) -> list[dict[str, Any]]:
        return list(self._call("GET", "faults")["faults"])

    def clear_faults(self) -> None:
        self._call("DELETE", "faults")

    def webhook_deliveries(self) -> list[dict[str, Any]]:
        return list(self._call("GET", "webhook-deliveries")["deliveries"])

    def redeliver(self, delivery_id: str) -> None:
        self._call("POST", "webhook-deliveries", delivery_id, "redeliver")

    def trigger(self, event: str, url: str) -> str:
        return str(self._call("POST", "webhook-deliveries", "trigger", event=event, url=url)["delivery_id"])

    def requests(self) -> list[dict[str, Any]]:
        return list(self._call("GET", "requests")["requests"])
