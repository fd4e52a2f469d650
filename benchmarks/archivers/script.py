"""A script with Cloudflare's own package, requests and pandas: raw JSON in files, tables in Parquet.

Some sessions are fetched at once, as many as this package does. It keeps no states, no checksums and no ledger, looks
at nothing twice, and takes no secrets out.
"""

from __future__ import annotations

import gzip
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd
import requests
from cloudflare import Cloudflare, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.archivers import Settings

Samples: TypeAlias = dict[str, list[dict[str, Any]]]

PAGE = 100
CONCURRENCY = 8
MEDIA = ("audio_producer", "video_producer", "audio_consumer", "video_consumer")
MEASURES = ("mos_quality", "rtt", "jitter", "frames_per_second", "frame_width")


class Script:
    def __init__(self, settings: Settings, folder: str) -> None:
        self.ids: Any = {"account_id": settings["account_id"], "app_id": settings["app_id"]}
        # Any: the package types every field as one that may be missing.
        self.kit: Any = Cloudflare(api_token=settings["api_token"], base_url=settings["base_url"]).realtime_kit
        self.files = requests.Session()
        self.folder = Path(folder)

    def sessions(self) -> Iterator[str]:
        page_no, read, total = 1, 0, 1.0
        while read < total:
            page = self.kit.sessions.get_sessions(**self.ids, page_no=page_no, per_page=PAGE, status="ENDED")
            for session in page.data.sessions:
                yield session.id
            read += len(page.data.sessions)
            page_no, total = page_no + 1, page.paging.total_count

    def keep(self, session_id: str) -> dict[str, pd.DataFrame]:
        """Fetch one session, write its files, and return the rows of its tables."""
        at = self.folder / "raw" / session_id
        (at / "peers").mkdir(parents=True)
        sessions = self.kit.sessions
        session = sessions.get_session_details(session_id, **self.ids, include_breakout_rooms=True).data
        (at / "session.json").write_text(session.to_json(indent=None))
        meeting = self.kit.meetings.get_meeting_by_id(session.associated_id, **self.ids).data
        (at / "meeting.json").write_text(meeting.to_json(indent=None))

        participants = list(self.participants(session_id))
        (at / "participants.json").write_text(json.dumps([found.to_dict(mode="json") for found in participants]))
        quality = []
        for participant in participants:
            report, samples = self.report(participant.id)
            with gzip.open(at / "peers" / f"{participant.id}.json.gz", "wt", compresslevel=1) as file:
                file.write(report)
            quality += self.quality(participant.id, samples)

        chat = self.text(sessions.get_session_chat(session_id, **self.ids).data.chat_download_url)
        (at / "chat.csv").write_bytes(chat)
        link = sessions.get_session_transcripts(session_id, **self.ids, format="JSON").data.transcript_download_url
        transcript = self.text(link)
        (at / "transcript.json").write_bytes(transcript)
        summary = self.text(sessions.get_session_summary(session_id, **self.ids).data.summary_download_url)
        (at / "summary.md").write_bytes(summary)
        try:
            broadcast = self.kit.livestreams.get_livestream_session_details_for_session_id(session_id, **self.ids)
            (at / "livestream_sessions.json").write_text(broadcast.to_json(indent=None))
        except NotFoundError:
            pass
        recordings = self.kit.recordings.get_recordings(**self.ids, meeting_id=session.associated_id).data
        found = [recording.to_dict(mode="json") for recording in recordings if recording.session_id == session_id]
        (at / "recordings.json").write_text(json.dumps(found))
        tables = {
            "sessions": pd.json_normalize([session.to_dict(mode="json")]),
            "participants": pd.json_normalize([person.to_dict(mode="json") for person in participants]),
            "peer_quality": pd.DataFrame(quality),
            "chat_messages": pd.read_csv(io.BytesIO(chat)),
            "transcript_segments": pd.json_normalize(json.loads(transcript)),
            "summaries": pd.DataFrame([{"text": summary.decode()}]),
            "recordings": pd.json_normalize(found),
        }
        return {name: table.assign(session_id=session_id) for name, table in tables.items()}

    def participants(self, session_id: str) -> Iterator[Any]:
        page_no, found = 1, None
        while found is None or len(found) == PAGE:
            page = self.kit.sessions.get_session_participants(
                session_id, **self.ids, include_peer_events=True, page_no=page_no, per_page=PAGE
            )
            found = page.data.participants
            yield from found
            page_no += 1

    def report(self, peer_id: str) -> tuple[str, Samples]:
        """Return a report of call quality as JSON, and its samples by medium and direction."""
        report = self.kit.sessions.get_participant_data_from_peer_id(peer_id, **self.ids, include_peer_events=True)
        quality = report.data.participant.peer_report.quality
        samples = {medium: [sample.to_dict() for sample in getattr(quality, medium) or []] for medium in MEDIA}
        return report.to_json(indent=None), samples

    def quality(self, peer_id: str, samples_of: Samples) -> list[dict[str, Any]]:
        """Return one row for each medium and direction, of its samples."""
        rows = []
        for medium in MEDIA:
            samples = samples_of.get(medium)
            if samples:
                table = pd.DataFrame(samples)
                measures: Any = table[[name for name in MEASURES if name in table]]
                row = {f"{name}_mean": value for name, value in measures.mean().items()}
                row |= {f"{name}_p90": value for name, value in measures.quantile(0.9).items()}
                rows.append({"peer_id": peer_id, "medium": medium, "samples": len(table), **row})
        return rows

    def text(self, link: str) -> bytes:
        response = self.files.get(link, timeout=60)
        response.raise_for_status()
        return response.content


def keep(settings: Settings, folder: str, kind: type[Script] = Script) -> None:
    script = kind(settings, folder)
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        kept = list(pool.map(script.keep, script.sessions()))
    (Path(folder) / "tables").mkdir()
    for name in kept[0]:
        pd.concat([tables[name] for tables in kept]).to_parquet(Path(folder) / "tables" / f"{name}.parquet")


def held(folder: str) -> dict[str, int]:
    tables = ("sessions", "participants", "chat_messages", "transcript_segments", "summaries")
    rows = {table: len(pd.read_parquet(Path(folder) / "tables" / f"{table}.parquet")) for table in tables}
    reports = list((Path(folder) / "raw").glob("*/peers/*.json.gz"))
    return {**rows, "peer_reports": len(reports)}
