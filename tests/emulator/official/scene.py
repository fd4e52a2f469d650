"""The records for the calls of the official package: an ended session, a live one, and their artifacts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from realtimekit.emulator.clock import parse_time
from tests.emulator.world import Who, World

STORAGE = {"type": "aws", "access_key": "key", "secret": "secret", "bucket": "files", "region": "eu", "path": "/a"}
SFTP = {"type": "sftp", "auth_method": "KEY", "host": "files.test", "port": 22, "username": "u", "path": "/a"}
SFTP_KEYS = {"private_key": "key", "password": "of the key"}
READABLE = {name: value for name, value in STORAGE.items() if name not in {"access_key", "secret"}}
AUDIO = {"codec": "MP3", "channel": "mono", "export_file": True}
PICTURE = "https://pictures.test/alice.png"


class Scene(NamedTuple):
    """Alice and Bob met for two minutes, recorded and livestreamed; Carol and Dave have been meeting for one."""

    world: World
    alice: Who  # in "Planning", which is over
    carol: Who  # in "Standup", which goes on
    planning: str  # the id of that meeting
    ids: dict[str, str]  # what a call takes where it is not told otherwise

    @classmethod
    def played(cls, world: World) -> Scene:
        now = parse_time(world.emulator.now())
        noon = now.replace(hour=12, minute=0, second=0) + timedelta(days=1)
        world.advance((noon - now).total_seconds())  # nothing goes on over midnight by chance
        planning = world.meeting(live_stream_on_start=True)
        recording = world.record(planning, storage_config=STORAGE, audio_config=AUDIO)
        alice = world.join(planning, "Alice", picture=PICTURE)
        world.join(planning, "Bob")
        world.say(alice, "hello", 0, 4000)
        world.write(alice, "good morning")
        world.advance(122)  # recordings and livestreams begin two seconds after the first has come
        world.end(planning)
        standup = world.meeting(title="Standup")
        carol = world.join(standup, "Carol", picture=PICTURE)
        world.join(standup, "Dave")
        livestream = world.post(f"/meetings/{standup}/livestreams", {"name": "standup"}).data["id"]
        world.record(standup, storage_config=STORAGE)
        world.advance(62)
        hook = {"name": "ours", "url": "https://hooks.test/a", "events": ["meeting.ended"], "enabled": False}
        ids = {
            "account_id": world.emulator.account_id,
            "app_id": world.emulator.app_id,
            "meeting_id": standup,
            "participant_id": carol.participant_id,
            "session_id": alice.session_id,
            "peer_id": alice.peer_id,
            "recording_id": recording,
            "livestream_id": livestream,
            "livestream_session_id": world.get(f"/sessions/{alice.session_id}/livestream-sessions").data["data"][0][
                "id"
            ],
            "webhook_id": world.post("/webhooks", hook).data["id"],
            "preset_id": world.get("/presets", search="group_call_host").data[0]["id"],
        }
        return cls(world, alice, carol, planning, ids)

    def running(self, *actions: str) -> str:
        """Return the running recording, after these actions."""
        recording = str(self.world.get(f"/recordings/active-recording/{self.ids['meeting_id']}").data["id"])
        for action in actions:
            self.world.put(f"/recordings/{recording}", {"action": action})
        return recording

    def tracks(self) -> str:
        """Return a track recording that has been uploaded."""
        body: dict[str, Any] = {"meeting_id": self.ids["meeting_id"], "layers": {"voices": {}}}
        recording = str(self.world.post("/recordings/track", body).data["recording"]["id"])
        self.world.advance(10)
        self.world.put(f"/recordings/{recording}", {"action": "stop"})
        self.world.advance(5)
        return recording
