"""No token, signature or key is in any file of an archive, in any message, or in any log."""

from __future__ import annotations

import json
import logging
import re
import time
from pathlib import Path
from typing import Any

import pytest

from realtimekit.archive import Archive
from realtimekit.interfaces import Request, Response
from realtimekit.saving.scrub import encode_json, scrub_response, scrub_text, without_signature

from .conftest import KEY, SECRET
from .worlds import DAY, HOUR, World, objects

SIGNATURE = "c0ffee5ecret"


def scrubbed(body: Any, content: bytes | None = None) -> Any:
    return json.loads(scrub_response(json.dumps(body).encode() if content is None else content, body))


@pytest.mark.parametrize(
    ("body", "clean"),
    [
        ({"url": f"https://s.example/f?X-Amz-Signature={SIGNATURE}"}, {"url": "https://s.example/f"}),
        ({"url": f"https://user:{SIGNATURE}@s.example/f#x"}, {"url": "https://s.example/f"}),
        ({"text": f"see https://a/x?s={SIGNATURE} and wss://b/y?t=1"}, {"text": "see https://a/x and wss://b/y"}),
        ({"rtmp": f"rtmps://live/app?{SIGNATURE}"}, {"rtmp": "rtmps://live/app"}),
        ({"authToken": SIGNATURE, "token": SIGNATURE}, {"authToken": None, "token": None}),
        ({"tokens": [SIGNATURE, {"a": SIGNATURE}]}, {"tokens": [None, {"a": None}]}),
        ({"credentials": {"user": SIGNATURE, "n": 1}}, {"credentials": {"user": None, "n": 1}}),
        ({"stream_key": SIGNATURE, "streamKey": SIGNATURE}, {"stream_key": None, "streamKey": None}),
        ({"access_key": SIGNATURE, "apiKey": SIGNATURE}, {"access_key": None, "apiKey": None}),
        ({"private_key": SIGNATURE, "password": SIGNATURE}, {"private_key": None, "password": None}),
        ({"max_tokens": 5, "keyboard": "qwertz"}, {"max_tokens": 5, "keyboard": "qwertz"}),
    ],
)
def test_responses(body: Any, clean: Any) -> None:
    for content in (
        json.dumps(body),
        json.dumps(body).replace("/", "\\/"),
        json.dumps(body).replace("token", "\\u0074oken").replace("?", "\\u003f"),
        json.dumps(body, indent=2),
    ):
        assert json.loads(content) == body
        assert scrubbed(body, content.encode()) == clean


@pytest.mark.parametrize("name", ["Stream-Key", "stream_key", "APIKEY", "accountKey", "accessToken", "PassPhrase"])
def test_a_secret_among_many_samples(name: str) -> None:
    """Wherever it is: in a sample like all others but for that, in the first one, or around them."""
    samples: list[dict[str, Any]] = [{"mos_quality": 4.1, "stats": {"lost": n}, "peer_id": "p-1"} for n in range(300)]
    for body in (
        {"samples": [*samples, {**samples[0], name: SIGNATURE}, *samples]},
        {"samples": [{name: SIGNATURE, **samples[0]}, *samples]},
        {name: {"at": SIGNATURE}, "samples": samples},
        {"samples": samples, "last": {"a": [{}, {name: SIGNATURE}]}},
    ):
        assert SIGNATURE not in json.dumps(scrubbed(body))
    harmless = json.dumps({"samples": samples}).encode()
    assert scrub_response(harmless, json.loads(harmless)) == harmless


def test_what_has_no_secrets_stays_as_it_came() -> None:
    for content in (b'{ "a" : 1.50, "b": [ ] }\n', b'{"url": "https://a/b"}', b'{"half": "\\ud83d"}', b"[1e999]"):
        assert scrub_response(content, json.loads(content)) == content
    assert encode_json({"half": "\ud83d"}) == b'{"half":"\xed\xa0\xbd"}'


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"a,https://s/f.png?X-Amz-Date=1&X-Amz-Signature={SIGNATURE},b", "a,https://s/f.png,b"),
        (f"https://s/f?sv=1&sig={SIGNATURE}", "https://s/f"),
        (f"https://s/f?sig={SIGNATURE}", "https://s/f"),
        (f'{{"url":"https:\\/\\/s\\/f?a=1\\u0026X-Goog-Signature={SIGNATURE}"}}', '{"url":"https:\\/\\/s\\/f"}'),
        ("see https://docs/?page=2&design=1 please", "see https://docs/?page=2&design=1 please"),
        ("signature=none, https://a/b", "signature=none, https://a/b"),
    ],
)
def test_texts(text: str, clean: str) -> None:
    assert scrub_text(text.encode()).decode() == clean


def test_a_hostile_text_is_scrubbed_in_time() -> None:
    for text in (b"https://" * 50_000, b"https://a?" + b"x=" * 250_000, (b"https://a?b&" * 25_000) + b"sig"):
        started = time.process_time()
        assert scrub_text(text) == text
        assert time.process_time() - started < 2


def test_links_without_signatures() -> None:
    assert without_signature(f"https://u:p@h:1/a/b?x={SIGNATURE}#y") == "https://h:1/a/b"
    assert without_signature("") == ""
    assert without_signature("no url") == "no url"


class Leaky:
    """A transport that puts secrets wherever it can."""

    def __init__(self, world: World) -> None:
        self._inner = world.transport

    def send(self, request: Request) -> Response:
        response: Response = self._inner.send(request)
        if "/files/" in request.url:
            if "chat" in request.url:
                link = f"https://storage.example/image.png?X-Amz-Signature={SIGNATURE}&X-Amz-Date=1"
                return response._replace(content=response.content + f"1,2,3,4,Eve,,,IMAGE_MESSAGE,{link},\n".encode())
            return response
        try:
            body = json.loads(response.content)
        except ValueError:
            return response

        def spoil(value: Any) -> None:
            if isinstance(value, dict):
                for child in list(value.values()):
                    spoil(child)
                value["authToken"] = SIGNATURE
                value["nested"] = {"stream_key": [SIGNATURE]}
                value["link"] = f"https://storage.example/x?X-Amz-Signature={SIGNATURE}"
            elif isinstance(value, list):
                for child in value:
                    spoil(child)

        spoil(body.get("data"))
        return response._replace(content=json.dumps(body).encode())


def test_nothing_in_the_files_the_messages_and_the_logs(
    world_at: World, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    world = world_at
    caplog.set_level(logging.DEBUG)
    client = world.client_with(transport=Leaky(world))
    held = world.hold("Alice", live_stream_on_start=True)
    links = [record.download_url for record in world.client.recordings.where(meeting_id=held.meeting_id)]
    world.fail("/files/*/transcript.json", status=403, body="no")
    world.fail("/summary", status=500)
    world.wait(2 * HOUR)
    results = [world.archive.sync(client)]
    world.emulator.clear_faults()
    world.wait(DAY)
    results.append(world.archive.sync(client))
    world.wait(8 * DAY)
    results.append(world.archive.sync(client))
    assert results[0].failures
    assert "IMAGE_MESSAGE,https://storage.example/image.png," in world.content(held.session_id, "chat").decode()
    secrets = [SIGNATURE, str(world.emulator.api_token), KEY, SECRET, "signature=", "X-Amz-"]
    secrets += [re.split("signature=", str(link))[-1] for link in links if link and "signature=" in str(link)]
    contents = {path: content.decode("latin-1") for path, content in objects(world.archive).items()}
    contents |= {name: world.content(held.session_id, name).decode("latin-1") for name in world.states(held.session_id)
                 if name.startswith("peers/")}  # fmt: skip
    contents["results"] = repr(results) + json.dumps([result.to_dict() for result in results])
    contents["log"], contents["output"] = caplog.text, "".join(capfd.readouterr())
    contents["repr"] = repr(world.archive) + repr(world.archive.store)
    assert [(path, secret) for path, content in contents.items() for secret in secrets if secret in content] == []
    if location := world.archive.store.location(""):  # whatever no listing shows, too
        for file in Path(location).rglob("*"):
            assert not file.is_file() or not [s for s in secrets if s.encode() in file.read_bytes()], file


# --- hostile ids and titles -------------------------------------------------------------------------------------------

HOSTILE = ["../../etc/passwd", "a/b\\c", "ü-漢字 🙂", "%2e%2e%2f", "talk#1", "=x", "x" * 300, "漢" * 90]


@pytest.mark.parametrize("session_id", HOSTILE)
def test_hostile_ids_and_titles(world_at: World, session_id: str) -> None:
    world = world_at
    if session_id != HOSTILE[0] and not world.archive.store.is_folder:
        pytest.skip("one is enough there: test_ledger.py has them all")
    title = '=cmd|"/c calc"!A0\r\n<script>\u202e' + session_id
    meeting_id = world.meeting(title=title, transcribe_on_end=True, record_on_start=True)
    meeting = world.client.meetings.find(meeting_id)
    alice = meeting.participants.create(name=title, custom_participant_id="a", preset_name="group_call_host")
    world.emulator.next_ids.extend([session_id, f"rec {session_id}", f"peer {session_id}"])
    joined = world.emulator.join(meeting_id, alice.id)
    assert session_id in {joined.session_id, joined.peer_id}
    held_id = joined.session_id
    world.emulator.speak(held_id, joined.peer_id, title, 0, 1000)
    world.wait(300)
    world.emulator.end(meeting_id)
    world.wait(2 * HOUR)
    result = world.sync()
    assert result.ok, result
    assert world.manifest(held_id).title == title
    assert set(world.states(held_id).values()) <= {"COPIED", "EMPTY", "NOT_ENABLED"}
    assert world.check_contents() >= 8
    assert world.requests_of()[1] == ["/sessions"]
    if location := world.archive.store.location(""):
        folder = Path(location)
        assert {path.name for path in folder.parent.iterdir()} == {folder.name}
    assert isinstance(world.archive, Archive)


@pytest.mark.parametrize("name", ["..", ".", " ", "half \ud83d"])
def test_an_id_that_cannot_be_asked_for_is_a_failure_of_its_session(world: World, name: str) -> None:
    held = world.hold("Alice")
    world.wait(2 * HOUR)
    listed = world.client.sessions.find(held.session_id).to_dict()
    two = {"success": True, "data": {"sessions": [listed, {**listed, "id": name}]}, "paging": {"total_count": 2}}
    world.fail("/sessions", status=200, body=two)
    result = world.sync()
    assert len(result.failures) == 1
    assert set(world.states(held.session_id).values()) == {"COPIED", "EMPTY"}
    assert [entry.session_id for entry in world.archive.ledger.open_sessions()] == [name]
