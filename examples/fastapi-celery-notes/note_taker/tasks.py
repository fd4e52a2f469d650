"""What the worker does. A task may run twice: it replaces its note."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from realtimekit import (
    APIConnectionError,
    ArtifactExpiredError,
    ArtifactNotEnabledError,
    NotFoundError,
    RateLimitError,
    ServerError,
    Session,
)

from . import notes

app = Celery("note_taker", broker=os.environ.get("CELERY_BROKER_URL", "redis://localhost"))
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, task_ignore_result=True)

# The file may not be there yet (404), and the platform may be busy. A file that is gone never comes back.
RETRIES: dict[str, Any] = {
    "autoretry_for": (APIConnectionError, NotFoundError, RateLimitError, ServerError),
    "dont_autoretry_for": (ArtifactExpiredError, ArtifactNotEnabledError),
    "retry_backoff": 30,  # seconds, then twice as long each time, with jitter
    "retry_backoff_max": 3600,
    "max_retries": 10,
}


@app.task(**RETRIES)
def write_transcript(session_id: str) -> None:
    notes.save_transcript(session_id, Session.ref(session_id).transcript.to_markdown())


@app.task(**RETRIES)
def write_summary(session_id: str) -> None:
    notes.save_summary(session_id, Session.ref(session_id).summary.text())
