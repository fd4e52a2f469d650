"""One call of the default client, in a WSGI application, a Celery task and a program: for workers with greenlets."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery

from realtimekit import Session

celery = Celery("greenlets", broker=os.environ.get("BROKER"), backend=os.environ.get("BROKER"))
celery.conf.update(broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)


@celery.task(name="find")  # type: ignore[untyped-decorator]
def find(session_id: str) -> str:
    """Find a session."""
    return Session.find(session_id).id


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Find the session that the path names."""
    body = Session.find(environ["PATH_INFO"].strip("/")).id.encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
