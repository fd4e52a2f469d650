"""An emulator whose sessions are archived, in a process of its own, so that its work does not count.

`python -m benchmarks.archive_platform SESSIONS [SECONDS]` holds so many sessions and prints the settings of a client as
a line of JSON. For each line on stdin it prints how many requests it has answered since the last one; it serves until
its stdin ends. Each response takes so many seconds, if given.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from benchmarks.archivers import Settings
    from realtimekit import RealtimeKit
    from realtimekit.emulator import Emulator
    from realtimekit.emulator.http import Request, Response

PEOPLE = 10
SEGMENTS = 60  # of a transcript
MESSAGES = 12


def hold(emulator: Emulator, client: RealtimeKit, number: int, people: int = PEOPLE) -> None:
    """Hold a session of three minutes: ten people, a transcript, a chat, a summary; no recording."""
    meeting = client.meetings.create(title=f"Weekly {number}", transcribe_on_end=True, summarize_on_end=True)
    peers = []
    for person in range(people):
        participant = meeting.participants.create(
            name=f"Person {person}", custom_participant_id=f"user-{person}", preset_name="group_call_participant"
        )
        peers.append(emulator.join(meeting.id, participant.id))
    for at in range(SEGMENTS):
        peer = peers[at % people]
        text = f"and then the {at}th point of the agenda is about budgets, plans and what else there is to say"
        emulator.speak(peer.session_id, peer.peer_id, text, at * 3_000, at * 3_000 + 2_500)
    for at in range(MESSAGES):
        emulator.chat(peers[at % people].session_id, peers[at % people].peer_id, f"a short message, number {at}")
    emulator.advance(180)  # the reports of longer ones take the emulator long to make
    emulator.end(meeting.id)


def expected(sessions: int) -> dict[str, int]:
    """Return what such sessions leave behind altogether."""
    return {
        "sessions": sessions,
        "participants": sessions * PEOPLE,
        "peer_reports": sessions * PEOPLE,
        "chat_messages": sessions * MESSAGES,
        "transcript_segments": sessions * SEGMENTS,
        "summaries": sessions,
    }


class Platform:
    """The emulator in the other process."""

    def __init__(self, process: subprocess.Popen[str], settings: Settings) -> None:
        self._process = process
        self.settings = settings  # of a client

    def requests(self) -> int:
        """Return how many requests there were since this was last called."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def platform(sessions: int, seconds: float = 0.0) -> Generator[Platform]:
    """Run an emulator with so many sessions, which takes so long for each response."""
    command = [sys.executable, "-m", "benchmarks.archive_platform", str(sessions), str(seconds)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Platform(process, json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()  # ends it


def _remembering(emulator: Emulator, count: list[int]) -> Callable[[Request], Response]:
    """Return what answers requests: the reports of call quality, which take 20 ms to make, are made once."""
    from realtimekit.emulator.faults import with_headers

    reports: dict[Any, Response] = {}

    def handle(request: Request) -> Response:
        count[0] += 1
        if "/peer-report/" not in request.path:
            return emulator.handle(request)
        key = request.path, request.query
        response = reports.get(key)
        if response is None:
            response = reports[key] = emulator.handle(request)
        date = format_datetime(emulator.world.clock.now(), usegmt=True)
        return with_headers(response, {**response.headers, "date": date})

    return handle


def main(sessions: int, seconds: float = 0.0) -> None:
    """Serve until stdin ends."""
    from realtimekit import RealtimeKit
    from realtimekit.emulator import Emulator
    from realtimekit.emulator.server import Server
    from realtimekit.transports.emulator import connected

    with Emulator() as emulator, RealtimeKit(**connected(emulator)) as client:
        for number in range(sessions):
            hold(emulator, client, number)
        emulator.advance(7200)
        count = [0]
        if seconds:
            emulator.add_fault(path="*", latency_seconds=seconds)
        with Server(_remembering(emulator, count), emulator.upgrade) as server:
            emulator.world.origin = server.origin
            settings = {
                "base_url": server.base_url,
                "api_token": emulator.api_token,
                "account_id": emulator.account_id,
                "app_id": emulator.app_id,
            }
            print(json.dumps(settings), flush=True)
            for _ in sys.stdin:
                print(count[0], flush=True)
                count[0] = 0


if __name__ == "__main__":
    main(int(sys.argv[1]), *map(float, sys.argv[2:]))
