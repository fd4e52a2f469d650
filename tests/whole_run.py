"""A program that uses all there is and logs all it can: `test_whole_run` looks for secrets in what it says.

`python -m tests.whole_run serve FILE` is the platform: an emulator over HTTP, whose secrets it writes to FILE.
`python -m tests.whole_run use TRANSPORT FILE` is an application; it adds the secrets that it meets to FILE.
`python -m tests.whole_run command` runs the commands that it reads from stdin: in one process, which takes less time.
All log every logger at DEBUG to stderr; errors are told as error trackers tell them, with the local variables.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from realtimekit import AsyncRealtimeKit, RealtimeKit, Session
from realtimekit.cli import demo_scenario
from realtimekit.emulator import Emulator
from realtimekit.emulator.remote import RemoteEmulator
from realtimekit.transports.emulator import connected
from realtimekit.webhooks import Endpoint, Receiver, Router

from .cli.command import invoke
from .emulator.receiver import Receiver as Capture

log = logging.getLogger("application")
API_TOKEN = "4d7a0f3b9c6e58"  # what every form of the token keeps as it is; stands between signs that are encoded
WRONG_TOKEN = "wr0ng51e8a7742c0"
STORAGE_SECRET = "st0re9b41c7de0a63f"
PASSWORD = "pa55w0rd8e1f60bb"
UNREADABLE = "unr3adab1e77c04e"  # the token of a participant that is none otherwise


def remember(file: str, name: str, secret: str | None) -> None:
    """Write down a secret, for the test."""
    if secret:
        with Path(file).open("a", encoding="utf-8") as out:
            out.write(json.dumps({name: secret}) + "\n")


# --- the platform -----------------------------------------------------------------------------------------------------


def serve(file: str) -> None:
    """Serve until stdin ends; say at last what was asked."""
    credentials: Any = {**demo_scenario.CREDENTIALS, "api_token": f"/+{API_TOKEN}%&="}
    with Emulator(**credentials) as emulator:
        client = RealtimeKit(**connected(emulator))
        emulator.next_ids.extend(demo_scenario.FIXED_IDS)
        demo_scenario.run(client, emulator)
        emulator.services.webhooks.public_key()
        for row in emulator.world.store.rows("select name, value from meta where name like '%\\_key' escape '\\'"):
            remember(file, f"the emulator's {row['name']}", json.loads(row["value"]).replace("\n", "")[-90:-30])
        with emulator.serve() as server:
            say(json.dumps({"base_url": server.base_url, "control_url": server.control_url}))
            sys.stdin.read()
        say(f"{emulator!r} {server!r} {emulator.requests()!r}")


# --- the application --------------------------------------------------------------------------------------------------


def leaves(value: Any, depth: int = 6) -> Iterator[str]:
    """What a tracker sees that looks into containers, named tuples among them; Sentry's way to forbid it counts."""
    if hasattr(type(value), "__sentry_repr__"):
        yield value.__sentry_repr__()
    elif depth and isinstance(value, Mapping):
        for item in value.items():
            yield from leaves(item, depth - 1)
    elif depth and isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        for item in value:
            yield from leaves(item, depth - 1)
    else:
        yield repr(value)


def tell(error: BaseException) -> None:
    """Say all that there is to say of an error, but the local variables of this program: those are its own."""
    log.error("it failed: %s %r %s", error, error, getattr(error, "body", ""))
    whole: BaseException | None = error
    while whole is not None:
        frames = [frame for frame, _ in traceback.walk_tb(whole.__traceback__)]
        first = next((n for n, frame in enumerate(frames) if "realtimekit" in frame.f_globals["__name__"]), len(frames))
        say("".join(traceback.format_exception_only(whole)))
        for frame in frames[first:]:
            say(f"  {frame.f_code.co_filename} {frame.f_code.co_name}")
            for name, value in frame.f_locals.items():
                say(f"    {name} = {value!r} {' '.join(leaves(value))}")
        whole = whole.__cause__ or whole.__context__


class Tracker(logging.Handler):
    """As error trackers have it: an error that is logged is sent, too."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            tell(record.exc_info[1])


def attempt(call: Callable[[], Any]) -> Any:
    """Make a call, and tell what comes of it."""
    try:
        result = call()
        if isinstance(result, Coroutine):
            result = asyncio.run(result)
    except Exception as error:
        tell(error)
        return None
    log.info("it gave %s %r", result, result)
    say(f"{result}")
    return result


def signature(link: str | None) -> str | None:
    return parse_qs(urlsplit(link).query).get("signature", [None])[0] if link else None


STORAGE: Any = {
    "storage_config": {
        "type": "aws",
        "access_key": STORAGE_SECRET,
        "secret": STORAGE_SECRET,
        "bucket": "b",
        "region": "r",
    }
}


def use(transport: Any, file: str) -> None:
    """Everything, once."""
    given: dict[str, Any] = {"transport": transport}
    say("=== calls")
    control = RemoteEmulator(os.environ["REALTIMEKIT_BASE_URL"].replace("/client/v4", "/_emulator"))
    client = attempt(lambda: RealtimeKit(**given))
    attempt(lambda: client.settings)
    session = attempt(lambda: Session.find("sess-1"))
    attempt(lambda: client.sessions.where(search="x").page_size(2))
    attempt(lambda: client.sessions.prefetch(2).all())
    for artifact in (session.chat, session.transcript, session.summary, session.transcript_as("VTT")):
        remember(file, f"the signature of {artifact!r}", signature(artifact.download_url))
        attempt(artifact.read)
        attempt(partial(artifact.download, io.BytesIO()))
    attempt(session.chat.messages)
    attempt(session.transcript.segments)
    meeting = attempt(lambda: client.meetings.create(title="x", live_stream_on_start=True, record_on_start=True))
    person = attempt(
        lambda: meeting.participants.create(name="A", custom_participant_id="a", preset_name="group_call_host")
    )
    remember(file, "a participant's token", person.token.reveal().rpartition(".")[2])
    attempt(lambda: person.update(name="B"))
    again = attempt(lambda: client.participants.ref(person.id, meeting_id=meeting.id).regenerate_token())
    remember(file, "a participant's new token", again.token.reveal().rpartition(".")[2])
    joined = control.join(meeting.id, person.id)
    for stream in attempt(client.livestreams.all):
        remember(file, f"the key of {stream!r}", stream.stream_key)
        attempt(partial(client.livestreams.find, stream.id))
    attempt(lambda: client.recordings.create(meeting_id="nobody", **STORAGE))
    attempt(lambda: client.meetings.create(title="y", recording_config=STORAGE))
    say("=== failures")
    failures(client, control)
    say("=== async")
    asyncio.run(use_async(given, file))
    say("=== deliveries")
    deliveries(client, control, file)
    say("=== end")
    attempt(lambda: control.end(meeting.id))
    # at last, because nobody asks any more after that
    control.add_fault(path="*/sessions/limited", status=429, headers={"retry-after": "999"})
    attempt(lambda: client.sessions.find("limited"))
    control.clear_faults()
    log.info("%r %r", joined, [client, session, person, again, meeting])
    client.close()


def failures(client: Any, control: RemoteEmulator) -> None:
    """Errors, retries, timeouts, downloads that break."""
    attempt(lambda: client.sessions.find("nobody"))
    attempt(lambda: client.with_options(api_token=WRONG_TOKEN).sessions.find("sess-1"))
    attempt(lambda: RealtimeKit(api_token=f"Bearer {WRONG_TOKEN}"))
    attempt(lambda: RealtimeKit(api_token=WRONG_TOKEN, base_url=f"https://me:{PASSWORD}@127.0.0.1"))
    attempt(lambda: client.with_options(base_url="http://127.0.0.1:9", max_retries=1).sessions.find("s"))
    attempt(lambda: client.sessions.find("sess-1", timeout=-1))
    attempt(lambda: client.sessions.find(".."))
    attempt(lambda: json.dumps(dict(client.meetings.ref("meet-1").participants.find("part-1").regenerate_token())))
    chat = client.sessions.find("sess-1").chat
    odd = {"token": f"x.y.{UNREADABLE}", "created_at": "never"}
    control.add_faults([
        {"path": "*/sessions/slow", "latency_seconds": 30},
        {"path": "*/sessions/cut", "cut": "within", "status": 200, "body": "x" * 100},
        {"path": "*/sessions/again", "status": 503, "times": 1},
        {"path": "*/sessions/limited", "status": 429},
        {"path": "*/sessions/html", "status": 502, "body": "<html>no</html>"},
        {"path": "*/sessions/odd", "json": "invalid", "status": 200, "body": {"a": 1}},
        {"path": "/files/sess-1/chat.csv", "status": 500},
        {"path": "/files/sess-1/transcript.*", "cut": "within"},
        {"path": "/files/sess-1/summary.*", "status": 302, "headers": {"location": "http://evil.example/?signature=0"}},
        {"path": "*/participants", "method": "POST", "status": 200, "body": {"success": True, "data": odd}},
    ])  # fmt: skip
    once = client.with_options(max_retries=0)
    nowhere = client.with_options(base_url="http://127.0.0.1:9", max_retries=0)
    attempt(lambda: nowhere.recordings.create(meeting_id="nobody", **STORAGE))
    attempt(lambda: nowhere.meetings.ref("m").update(recording_config=STORAGE))
    attempt(lambda: once.meetings.ref("m").replace(title="t", recording_config=STORAGE))
    for name in ("slow", "cut", "limited", "html", "odd"):
        attempt(partial(once.sessions.find, name, timeout=0.2))
    attempt(lambda: client.with_options(max_retries=1).sessions.find("again"))
    attempt(chat.messages)
    again = once.sessions.ref("sess-1")
    attempt(partial(getattr, again, "chat"))
    attempt(again.transcript.text)
    attempt(again.summary.text)
    with tempfile.TemporaryDirectory() as folder:
        attempt(lambda: again.transcript.download(Path(folder) / "file"))
    person = attempt(lambda: once.meetings.ref("m").participants.create(custom_participant_id="a", preset_name="p"))
    attempt(lambda: person.created_at)
    control.clear_faults()


async def use_async(given: Any, file: str) -> None:
    """The other mode."""
    async with AsyncRealtimeKit(**given) as client:
        session = await client.sessions.find("sess-1")
        log.info("%r %s %r %r", session, session, client, client.sessions)
        chat = await session.chat
        remember(file, "the signature of an async chat", signature(chat.download_url))
        calls: list[Callable[[], Coroutine[Any, Any, Any]]] = [
            chat.read,
            chat.messages,
            session.participants.all,
            lambda: client.sessions.find("nobody"),
            lambda: client.with_options(api_token=WRONG_TOKEN).sessions.find("sess-1"),
            lambda: client.with_options(base_url="http://127.0.0.1:9", max_retries=0).sessions.find("s"),
            lambda: client.meetings.ref("meet-1").participants.ref("part-1").regenerate_token(),
            lambda: client.recordings.create(meeting_id="nobody", **STORAGE),
            lambda: client.meetings.ref("nobody").update(recording_config=STORAGE),
        ]
        for call in calls:
            try:
                log.info("it gave %r", await call())
            except Exception as error:
                tell(error)


def deliveries(client: Any, control: RemoteEmulator, file: str) -> None:
    """Webhooks, captured as they come, handled, refused, and by handlers that fail."""
    router = Router()

    @router.on()
    def note(event: Any) -> None:
        log.info("arrived: %s %r", event, event)
        if event.type == "livestreaming.statusUpdate":
            remember(file, "the key in an event", event.to_dict().get("streamKey"))
        if event.type in {"meeting.ended", "meeting.chatSynced", "livestreaming.statusUpdate"}:
            raise RuntimeError("the handler failed")

    endpoint = Endpoint(router, receiver=Receiver(client=client))
    log.info("%r %r", endpoint, router)
    with Capture() as capture:
        for name in client.webhooks.events():
            control.trigger(name, capture.url)
        while len(capture.arrived) < len(client.webhooks.events()):
            control.advance(60)
    for arrived in capture.arrived:
        link = re.search(rb"signature=(\w+)", arrived.body)
        remember(file, "a link in an event", link and link[1].decode())
        attempt(partial(endpoint.handle, arrived.body, arrived.headers))
        attempt(partial(endpoint.handle, arrived.body + b" ", arrived.headers))
        attempt(partial(endpoint.receiver.verify, arrived.body, {}))
        text: Any = arrived.body.decode()
        attempt(partial(endpoint.receiver.verify, text, arrived.headers))
        attempt(partial(endpoint.handle, text, arrived.headers))


# --- commands ---------------------------------------------------------------------------------------------------------


def command() -> None:
    """Each line of stdin is arguments and environment, as JSON; each line of stdout what the command said."""
    for line in sys.stdin:
        arguments, env = json.loads(line)
        result = invoke(*arguments, env=env)
        say(json.dumps(f"{result.output}(exit code {result.exit_code})"))


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    logging.getLogger("realtimekit").addHandler(Tracker())
    parts: dict[str, Callable[..., None]] = {"serve": serve, "use": use, "command": command}
    parts[sys.argv[1]](*sys.argv[2:])
