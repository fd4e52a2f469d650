"""The layout of an archive: paths below its target, which follow from ids and times alone."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from urllib.parse import quote, unquote

IDENTITY = "archive.json"
RAW = "raw"
OPEN = "ledger/open"
CLAIMS = "ledger/claims"
CHANGED = "ledger/changed"
REWRITING = "ledger/rewriting"
ERASING = "ledger/erasing"
ANNOUNCED = "ledger/announced"
HANDLER = "ledger/handler"
LIVE = "ledger/live"
WINDOWS = "ledger/windows"
RECEIPTS = "ledger/receipts"
ERASED = "erased"
ERASURE = "ledger/erasure"
TABLES = "tables"
SNAPSHOT = "tables/current.json"
MANIFEST = "manifest.json"
NO_DAY = "unknown"  # of a session without a start
MAX_SEGMENT = 150  # characters: file systems allow 255 bytes, with what stands beside an id


def encode_id(id: str) -> str:
    """Return an id as one segment of a path, whatever is in it; of a very long one only its digest, after a "=".

    What `decode_id` returned gives the same segment again, although of a very long id that is not the id.
    """
    if is_digest(id):
        return id
    text = quote(id, safe="-_~", errors="surrogatepass")
    text = text.replace(".", "%2E") or "%"  # no segment is "..", and no id looks like an extension
    return text if len(text) <= MAX_SEGMENT else "=" + hashlib.sha256(text.encode()).hexdigest()


def decode_id(text: str) -> str:
    """Return the id; of a very long one what `encode_id` made of it."""
    return "" if text == "%" else unquote(text, errors="surrogatepass")


def is_digest(text: str) -> bool:
    """Whether `encode_id` made this of a very long id: the id is somewhere else."""
    return re.fullmatch("=[0-9a-f]{64}", text) is not None


def day_of(started_at: datetime | None) -> str:
    """Return the UTC date of a session's start."""
    try:
        return NO_DAY if started_at is None else started_at.astimezone(UTC).date().isoformat()
    except OverflowError:  # a time at either end of the calendar, which UTC does not have
        return NO_DAY


def day_folder(app_id: str, day: str) -> str:
    return f"{RAW}/app={encode_id(app_id)}/day={day}"


def session_folder(app_id: str, day: str, session_id: str) -> str:
    return f"{day_folder(app_id, day)}/session={encode_id(session_id)}"


def partition_value(folder: str, name: str) -> str:
    """Return the value of a `name=value` folder."""
    return decode_id(folder.rpartition("/")[2].removeprefix(f"{name}="))


def announced_path(session_id: str) -> str:
    """Return the path of the record that a webhook announced the end of a session."""
    return f"{ANNOUNCED}/{encode_id(session_id)}"


def encode_time(time: datetime) -> str:
    """Return a time as it stands in a path, in UTC, to the second: it sorts by time."""
    return f"{time.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def decode_time(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
