"""Suspect transcripts: empty although people were in the session, or with a link to another file."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from realtimekit import RealtimeKit, Session, SuspectTranscriptWarning, report
from realtimekit.emulator import Emulator
from realtimekit.interfaces import Response
from tests.core.scripted import Mode, Script, error, make_response, ok

ID = "0df47f86-e397-4a8c-9e5b-5cbef94ed03b"
LINK = f"https://files.test/{ID}/transcript.csv?signature=s3cret"
DEFAULT_LINK = f"https://files.test/store/default/transcript.csv?session={ID}&signature=s3cret"
SPOKEN = make_response([{"startTime": 0, "endTime": 1500, "sentence": "Hello", "peerData": {"displayName": "Ann"}}])
EMPTY = Response(200, {}, b"")
READERS: dict[str, Callable[[Any], Any]] = {
    "segments": lambda transcript: transcript.segments(),
    "text": lambda transcript: transcript.text(),
    "speaking_time": lambda transcript: transcript.speaking_time(),
    "to_srt": lambda transcript: transcript.to_srt(),
    "to_vtt": lambda transcript: transcript.to_vtt(),
    "to_markdown": lambda transcript: transcript.to_markdown(),
    "to_json": lambda transcript: transcript.to_json(),
}


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def mode(request: pytest.FixtureRequest) -> Mode:
    return Mode(asynchronous=request.param)


def transcript_of(mode: Mode, *responses: Any, link: str = LINK) -> tuple[Any, Script]:
    script = Script(ok({"sessionId": ID, "transcript_download_url": link}), *responses)
    return mode.get(mode.client(script).sessions.ref(ID).transcript), script


@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
def test_a_link_that_does_not_name_the_session(mode: Mode, read: Callable[[Any], Any]) -> None:
    transcript, _ = transcript_of(mode, SPOKEN, link=DEFAULT_LINK)
    assert transcript.suspect == "its link does not contain the id of the session"
    with pytest.warns(SuspectTranscriptWarning, match=f"{ID} is suspect: its link") as caught:
        assert mode.get(read(transcript))
    assert issubclass(SuspectTranscriptWarning, UserWarning)
    assert "s3cret" not in str(caught[0].message)


@pytest.mark.parametrize(
    "fields", [{"minutes_consumed": 12.5}, {"minutes_consumed": 12.5, "transcription_minutes_consumed": 0}]
)
def test_an_empty_file_although_people_were_there(mode: Mode, fields: dict[str, Any]) -> None:
    transcript, script = transcript_of(mode, EMPTY, ok({"id": ID, **fields}))
    assert transcript.suspect is None  # nobody has read it yet
    with pytest.warns(SuspectTranscriptWarning, match=r"is empty, although .* 12\.5 participant minutes"):
        assert mode.get(transcript.segments()) == []
    assert [call.path for call in script.calls[::2]] == [f"/app/sessions/{ID}/transcript", f"/app/sessions/{ID}"]
    for same in (copy.copy(transcript), copy.deepcopy(transcript), pickle.loads(pickle.dumps(transcript))):
        assert same.suspect == transcript.suspect


@pytest.mark.parametrize(
    "answer",
    [
        ok({"id": ID, "minutes_consumed": 0}),
        ok({"id": ID, "minutes_consumed": 12, "transcription_minutes_consumed": 3}),
        ok({"id": ID}),
        ok({"id": ID, "minutes_consumed": "many"}),
        ok([]),
        error(500),
        error(404),
    ],
)
def test_an_empty_file_of_a_silent_session_or_one_of_which_nothing_is_known(mode: Mode, answer: Response) -> None:
    transcript, _ = transcript_of(mode, EMPTY, answer)
    assert mode.get(transcript.segments()) == []  # warnings are errors here
    assert transcript.suspect is None


def test_a_file_with_segments_costs_no_request(mode: Mode) -> None:
    transcript, script = transcript_of(mode, SPOKEN)
    assert len(mode.get(transcript.segments())) == 1
    assert (transcript.suspect, len(script.requests)) == (None, 2)


def test_a_later_file_is_judged_anew(mode: Mode) -> None:
    transcript, _ = transcript_of(mode, EMPTY, ok({"id": ID, "minutes_consumed": 3}), SPOKEN)
    with pytest.warns(SuspectTranscriptWarning):
        mode.get(transcript.segments())
    mode.get(transcript.segments())
    assert transcript.suspect is None


def test_the_minutes_of_transcription_are_a_field(mode: Mode) -> None:
    script = Script(
        ok({"id": ID, "transcription_minutes_consumed": 0}), ok({"id": "m", "transcription_minutes_consumed": 1.5})
    )
    client = mode.client(script)
    assert mode.get(client.sessions.find(ID)).transcription_minutes_consumed == 0
    assert mode.get(client.meetings.find("m")).transcription_minutes_consumed == 1.5


@pytest.fixture
def session(realtimekit_emulator: Emulator, realtimekit_client: RealtimeKit) -> Session:
    """A session in which somebody spoke, and whose transcript got lost."""
    emulator = realtimekit_emulator
    meeting = realtimekit_client.meetings.create(title="Weekly", transcribe_on_end=True)
    person = meeting.participants.create(name="Ann", custom_participant_id="c", preset_name="group_call_host")
    joined = emulator.join(meeting.id, person.id)
    emulator.speak(joined.session_id, joined.peer_id, "Hello", start_ms=0, end_ms=900)
    emulator.advance(120)
    emulator.end(meeting.id)
    emulator.world.store.run("update files set content = ? where name like 'transcript.%'", b"")
    return realtimekit_client.sessions.find(joined.session_id)


def test_every_format_of_a_lost_transcript_warns(session: Session) -> None:
    for form in ("CSV", "JSON", "SRT", "VTT"):
        with pytest.warns(SuspectTranscriptWarning, match=r"2\.0 participant minutes"):
            assert session.transcript_as(form).segments() == []
    with warnings.catch_warnings():
        warnings.simplefilter("error", SuspectTranscriptWarning)
        with pytest.raises(SuspectTranscriptWarning):
            session.transcript.segments()


def test_the_report_says_so(session: Session) -> None:
    made = report.collect(session, quality=False)  # without a warning
    why = "it is empty, although people were in the session for 2.0 participant minutes"
    assert dict(made.suspect) == {"transcript": why}
    html = made.html()
    assert f"<span>Suspect.</span> Transcript: {why}." in html
    assert "Nothing was written." in html
    assert "Nothing was said" not in html
