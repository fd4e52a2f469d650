"""A served emulator, and a client that uses only the standard library."""

from __future__ import annotations

import http.client
import json
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from realtimekit.emulator import Emulator, HTTPError, Peer
from realtimekit.emulator.server import Server
from realtimekit.emulator.store import TABLES

from . import described


class Response(NamedTuple):
    status: int
    kind: str
    body: bytes

    def json(self) -> Any:
        assert self.kind == "application/json", f"{self.status} {self.kind}: {self.body[:200]!r}"
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        """The `data` of a successful response."""
        response = self.json()
        assert self.status in {200, 201}, response
        assert response["success"] is True
        return response["data"]


class Who(NamedTuple):
    """A participant in a meeting."""

    participant_id: str
    peer_id: str
    session_id: str


class World:
    """The API (`get`, `post`, ...; paths below the app), the control plane (`control`), and shortcuts for both."""

    def __init__(self, emulator: Emulator, server: Server) -> None:
        self.emulator, self.server = emulator, server
        self.address = urlsplit(server.base_url).netloc
        self.kit = f"/client/v4/accounts/{emulator.account_id}/realtime/kit"
        self.app = f"{self.kit}/{emulator.app_id}"

    # --- requests

    def send(
        self, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Response:
        """Send exactly this request, with no other headers than these, Host and Content-Length."""
        connection = http.client.HTTPConnection(self.address, timeout=20)
        try:
            connection.request(method, target, body, {**(headers or {}), "Connection": "close"})
            response = connection.getresponse()
            return Response(response.status, response.headers.get("content-type", ""), response.read())
        finally:
            connection.close()

    def call(self, method: str, target: str, body: Any = None, **query: Any) -> Response:
        """Call the API with its token; `target` is the whole path, `body` is JSON."""
        headers = {"Authorization": f"Bearer {self.emulator.api_token}"}
        if query:
            target += "?" + urlencode(query)
        if body is None:
            response = self.send(method, target, None, headers)
        else:
            content = json.dumps(body).encode()
            response = self.send(method, target, content, {**headers, "Content-Type": "application/json"})
        if target.startswith("/client/v4/"):
            described.check(method, target, response.status, response.json())
        return response

    def get(self, path: str, **query: Any) -> Response:
        return self.call("GET", self.app + path, **query)

    def post(self, path: str, body: Any = None) -> Response:
        return self.call("POST", self.app + path, body)

    def patch(self, path: str, body: Any) -> Response:
        return self.call("PATCH", self.app + path, body)

    def put(self, path: str, body: Any) -> Response:
        return self.call("PUT", self.app + path, body)

    def delete(self, path: str) -> Response:
        return self.call("DELETE", self.app + path)

    def control(self, path: str, body: Any = None, method: str = "POST") -> Response:
        content = None if method == "GET" else json.dumps({} if body is None else body).encode()
        return self.send(method, f"/_emulator{path}", content, {"Content-Type": "application/json"})

    def download(self, link: str) -> Response:
        """Follow a signed link without a token."""
        assert urlsplit(link).netloc == self.address
        return self.send("GET", link.partition(self.address)[2])

    def fetch(self, link: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """As `download`, with headers (`if_range` is If-Range); returns status, headers and body."""
        connection = http.client.HTTPConnection(self.address, timeout=20)
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("GET", link.partition(self.address)[2], None, {**given, "Connection": "close"})
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    # --- short cuts

    def advance(self, seconds: float) -> None:
        assert self.control("/clock", {"advance_seconds": seconds}).status == 200

    def meeting(self, **fields: Any) -> str:
        return str(
            self.post(
                "/meetings", {"title": "Planning", "transcribe_on_end": True, "summarize_on_end": True, **fields}
            ).data["id"]
        )

    def participant(self, meeting_id: str, name: str | None = "Alice", **fields: Any) -> str:
        given = {"name": name, "custom_participant_id": str(name).lower(), "preset_name": "group_call_host", **fields}
        return str(self.post(f"/meetings/{meeting_id}/participants", given).data["id"])

    def join(self, meeting_id: str, name: str | None = "Alice", **fields: Any) -> Who:
        participant_id = self.participant(meeting_id, name, **fields)
        joined = self.control(f"/meetings/{meeting_id}/join", {"participant_id": participant_id}).json()
        return Who(participant_id, joined["peer_id"], joined["session_id"])

    def say(self, who: Who, text: str, start_ms: int = 0, end_ms: int = 1000) -> None:
        said = {"peer_id": who.peer_id, "text": text, "start_ms": start_ms, "end_ms": end_ms}
        assert self.control(f"/sessions/{who.session_id}/speech", said).status == 200

    def write(self, who: Who, text: str) -> None:
        assert self.control(f"/sessions/{who.session_id}/chat", {"peer_id": who.peer_id, "text": text}).status == 200

    def end(self, meeting_id: str) -> str:
        """End a meeting and wait for its summary. Returns the id of the session."""
        session_id = str(self.control(f"/meetings/{meeting_id}/end").json()["session_id"])
        self.advance(10)
        return session_id

    def ended(self, *names: str, minutes: float = 1, **fields: Any) -> list[Who]:
        """Hold a meeting of these participants that ends after this many minutes."""
        meeting_id = self.meeting(**fields)
        people = [self.join(meeting_id, name) for name in names or ("Alice",)]
        self.advance(minutes * 60)
        self.end(meeting_id)
        return people

    def record(self, meeting_id: str, **fields: Any) -> str:
        """Request a recording, and return its id."""
        return str(self.post("/recordings", {"meeting_id": meeting_id, **fields}).data["id"])

    def recording(self, recording_id: str) -> Any:
        return self.get(f"/recordings/{recording_id}").data

    def session(self, session_id: str) -> Any:
        return self.get(f"/sessions/{session_id}").data

    def peer(self, who: Who) -> Any:
        return self.get(f"/sessions/{who.session_id}/participants/{who.peer_id}").data["participant"]

    def state(self) -> dict[str, Any]:
        """Return the whole state, to show that a refused request changed nothing."""
        return {table: self.emulator.world.store.rows(f"select * from {table} order by 1, 2") for table in TABLES}


class OverHttp:
    """The control plane by its documented paths and bodies, with the methods of `Emulator`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def _call(self, path: str, body: dict[str, Any], keys: set[str], method: str = "POST") -> Any:
        response = self._world.control(path, body, method)
        found = response.json()
        if response.status != 200:
            assert found.keys() == {"success", "error"}
            assert found["error"].keys() == {"code", "message"}
            assert found["error"]["code"] == response.status
            raise HTTPError(response.status, found["error"]["message"])
        assert found.keys() == keys
        return found

    def join(self, meeting_id: str, participant_id: str) -> Peer:
        path = f"/meetings/{quote(meeting_id, safe='')}/join"
        return Peer(**self._call(path, {"participant_id": participant_id}, {"session_id", "peer_id"}))

    def leave(self, meeting_id: str, peer_id: str) -> None:
        self._call(f"/meetings/{meeting_id}/leave", {"peer_id": peer_id}, set())

    def chat(self, session_id: str, peer_id: str, text: str) -> str:
        body = {"peer_id": peer_id, "text": text}
        return str(self._call(f"/sessions/{session_id}/chat", body, {"message_id"})["message_id"])

    def speak(self, session_id: str, peer_id: str, text: str, start_ms: int, end_ms: int) -> None:
        body = {"peer_id": peer_id, "text": text, "start_ms": start_ms, "end_ms": end_ms}
        self._call(f"/sessions/{session_id}/speech", body, set())

    def broadcast(self, session_id: str, peer_id: str, type: str, payload: Any) -> None:
        body = {"peer_id": peer_id, "type": type, "payload": payload}
        self._call(f"/sessions/{session_id}/broadcast", body, set())

    def end(self, meeting_id: str) -> str:
        return str(self._call(f"/meetings/{meeting_id}/end", {}, {"session_id"})["session_id"])

    def advance(self, seconds: float) -> str:
        return str(self._call("/clock", {"advance_seconds": seconds}, {"now"})["now"])

    def reset(self) -> None:
        self._call("/reset", {}, set())

    def requests(self) -> list[dict[str, Any]]:
        return list(self._call("/requests", {}, {"requests"}, "GET")["requests"])
