"""The artifacts of a session in the formats that RealtimeKit documents."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from realtimekit.emulator.store import Row

CHAT_COLUMNS = (
    "id participantId sessionId meetingId displayName pinned isEdited payloadType payload createdAt".split()  # noqa: SIM905
)


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def name_of(peer: Row) -> str:
    return str(peer["name"] or peer["custom_participant_id"])


def chat_csv(session: Row, messages: Sequence[Row], peers: Mapping[str, Row]) -> str:
    """Return the chat as CSV. Whether the real file has a header row is not known; this one has."""
    rows = [
        (
            message["id"],
            peers[message["peer_id"]]["participant_id"],
            session["id"],
            session["meeting_id"],
            name_of(peers[message["peer_id"]]),
            "false",
            "false",
            "TEXT_MESSAGE",
            message["text"],
            message["created_at"],
        )
        for message in messages
    ]
    return _csv([CHAT_COLUMNS, *rows])


def transcripts(speech: Sequence[Row], peers: Mapping[str, Row]) -> dict[str, str]:
    """Return the transcript in each of the four formats, by extension. Without speech the files are empty."""
    if not speech:
        return dict.fromkeys(("csv", "json", "srt", "vtt"), "")
    said = [(row, peers[row["peer_id"]]) for row in speech]
    return {
        "csv": _csv(
            (
                row["start_ms"],
                peer["id"],
                peer["participant_id"],
                peer["custom_participant_id"],
                name_of(peer),
                row["text"],
            )
            for row, peer in said
        ),
        "json": json.dumps([_sentence(row, peer) for row, peer in said], ensure_ascii=False, indent=2),
        "srt": "\n".join(
            f"{number}\n{_times(row, ',')}\n{_srt(_cue(row, peer))}\n" for number, (row, peer) in enumerate(said, 1)
        ),
        "vtt": "WEBVTT\n\n" + "\n".join(f"{_times(row, '.')}\n{_vtt(_cue(row, peer))}\n" for row, peer in said),
    }


def _sentence(row: Row, peer: Row) -> dict[str, Any]:
    return {
        "startTime": row["start_ms"],
        "endTime": row["end_ms"],
        "sentence": row["text"],
        "peerData": {
            "id": peer["id"],
            "userId": peer["participant_id"],
            "displayName": name_of(peer),
            "cpi": peer["custom_participant_id"],
            "joinedAt": peer["joined_at"],
            "leftAt": peer["left_at"],
        },
    }


def _cue(row: Row, peer: Row) -> str:
    # A blank line, even of spaces, would end the cue, and the rest of the sentence would be lost.
    lines = re.split(r"[\r\n]+", f"{name_of(peer)}: {row['text']}")
    return "\n".join(line for line in lines if line.strip())


def _srt(text: str) -> str:
    # SRT has no escapes. An invisible character keeps a line of times in a sentence from beginning another cue.
    return re.sub(r"^([ \t]*[0-9:.,]+[ \t]*--)>", "\\1\u2060>", text, flags=re.MULTILINE)


def _vtt(text: str) -> str:
    # https://www.w3.org/TR/webvtt1/#webvtt-cue-text-span: these characters, and arrows, must be escaped
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _times(row: Row, decimal_point: str) -> str:
    return f"{_cue_time(row['start_ms'], decimal_point)} --> {_cue_time(row['end_ms'], decimal_point)}"


def _cue_time(milliseconds: int, decimal_point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{decimal_point}{rest:03}"


def summary_markdown(session: Row, speech: Sequence[Row], peers: Mapping[str, Row]) -> str:
    """Return a summary by rules, not by a language model: how long each speaker spoke, and their first sentence."""
    title = session["title"] or "Untitled meeting"
    lines = [f"# {title}", "", f"{len(peers)} took part; contributions transcribed: {len(speech)}.", ""]
    by_speaker: dict[str, list[Row]] = {}
    for row in speech:
        by_speaker.setdefault(row["peer_id"], []).append(row)
    for peer_id, rows in by_speaker.items():
        seconds = sum(row["end_ms"] - row["start_ms"] for row in rows) / 1000
        lines.append(f"- **{name_of(peers[peer_id])}** spoke for {seconds:.0f} s: {rows[0]['text']}")
    return "\n".join(lines) + "\n"
