"""A pipeline of dlt: its REST API source, transformers for the files, Parquet in a folder.

Reports of call quality are kept as JSON in one column: taken apart into tables, as dlt does by default, each of their
thousands of samples would be rows of its own.
"""

from __future__ import annotations

import csv
import io
import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"  # before dlt is imported

import pyarrow.dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.archivers import Settings

dlt: Any = import_module("dlt")  # the environment of the types has none
requests: Any = import_module("dlt.sources.helpers.requests")
rest_api: Any = import_module("dlt.sources.rest_api")

SINGLE = {"type": "single_page"}


def pages() -> dict[str, Any]:
    return {"type": "page_number", "base_page": 1, "page_param": "page_no", "total_path": None}


def child(name: str, path: str, selector: str, **params: Any) -> dict[str, Any]:
    """Return a resource with one response a session."""
    endpoint = {"path": path, "params": params, "data_selector": selector, "paginator": SINGLE}
    return {"name": name, "endpoint": endpoint, "include_from_parent": ["id"], "parallelized": True}


def resources() -> list[dict[str, Any]]:
    of_session, of_meeting = "sessions/{resources.sessions.id}", "{resources.sessions.associated_id}"
    listing = {"path": "sessions", "params": {"per_page": 100, "status": "ENDED"}, "data_selector": "data.sessions"}
    participants = child("participants", f"{of_session}/participants", "data.participants", include_peer_events="true")
    participants["endpoint"] |= {"paginator": pages()}
    participants["endpoint"]["params"]["per_page"] = 100
    reports = "sessions/peer-report/{resources.participants.id}"
    missing = [{"status_code": 404, "action": "ignore"}]
    broadcasts = child("livestream_sessions", f"{of_session}/livestream-sessions", "data")
    broadcasts["endpoint"] |= {"response_actions": missing}
    return [
        {"name": "sessions", "endpoint": {**listing, "paginator": pages()}},
        child("session_details", of_session, "data", include_breakout_rooms="true"),
        child("meetings", f"meetings/{of_meeting}", "data"),
        participants,
        {**child("peer_reports", reports, "data.participant", include_peer_events="true"), "max_table_nesting": 0},
        {**child("chats", f"{of_session}/chat", "data"), "selected": False},
        {**child("transcripts", f"{of_session}/transcript", "data", format="JSON"), "selected": False},
        {**child("summaries", f"{of_session}/summary", "data"), "selected": False},
        broadcasts,
        child("recordings", f"recordings?meeting_id={of_meeting}", "data"),
    ]


def chat_messages(chats: Any) -> Iterator[dict[str, Any]]:
    for chat in chats if isinstance(chats, list) else [chats]:
        text = requests.get(chat["chat_download_url"]).text
        yield from ({**row, "session_id": chat["_sessions_id"]} for row in csv.DictReader(io.StringIO(text)))


def transcript_segments(transcripts: Any) -> Iterator[dict[str, Any]]:
    for transcript in transcripts if isinstance(transcripts, list) else [transcripts]:
        found = requests.get(transcript["transcript_download_url"]).json()
        yield from ({**segment, "session_id": transcript["_sessions_id"]} for segment in found)


def summary_texts(summaries: Any) -> Iterator[dict[str, Any]]:
    for summary in summaries if isinstance(summaries, list) else [summaries]:
        text = requests.get(summary["summaryDownloadUrl"]).text
        yield {"session_id": summary["_sessions_id"], "text": text}


def keep(settings: Settings, folder: str) -> None:
    app = f"{settings['base_url']}/accounts/{settings['account_id']}/realtime/kit/{settings['app_id']}/"
    auth = {"type": "bearer", "token": settings["api_token"]}
    config: Any = {"client": {"base_url": app, "auth": auth}, "resources": resources()}
    source = rest_api.rest_api_source(config)
    pipeline = dlt.pipeline(
        "sessions",
        pipelines_dir=str(Path(folder) / "work"),
        destination=dlt.destinations.filesystem(Path(folder).absolute().as_uri()),
        dataset_name="kept",
    )
    files = [
        source.chats | dlt.transformer(chat_messages, parallelized=True),
        source.transcripts | dlt.transformer(transcript_segments, parallelized=True),
        source.summaries | dlt.transformer(summary_texts, parallelized=True),
    ]
    pipeline.run([source, *files], loader_file_format="parquet").raise_on_failed_jobs()


def held(folder: str) -> dict[str, int]:
    tables = {
        "sessions": "sessions",
        "participants": "participants",
        "peer_reports": "peer_reports",
        "chat_messages": "chat_messages",
        "transcript_segments": "transcript_segments",
        "summaries": "summary_texts",
    }
    return {
        name: pyarrow.dataset.dataset(Path(folder) / "kept" / table, format="parquet").count_rows()
        for name, table in tables.items()
    }
