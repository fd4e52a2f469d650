"""Targets: the folders and URLs that an archive can be at, and the store at each."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from realtimekit.archive.errors import ArchiveError, no_archive
from realtimekit.archive.store import Store, _obstore, first_line

SCHEMES = ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "adl", "memory", "file")
S3 = ("s3", "s3a")
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
REQUEST_TIMEOUT = timedelta(minutes=3)  # of one request to object storage, to the end of its body


def open_store(target: str | os.PathLike[str], *, create: bool = False) -> Store:
    """Return the store at a target; nothing is read or written yet, except that a folder is created.

    Args:
        target: a folder, or a URL: `s3://BUCKET/PREFIX`, `gs://...`, `az://...`, `memory://NAME` (lost when the process
            ends; the same name is the same store). Credentials come from the environment, as obstore reads them:
            AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL (for Cloudflare R2 or MinIO), AWS_REGION,
            GOOGLE_SERVICE_ACCOUNT, AZURE_STORAGE_ACCOUNT_NAME, ...

        create: whether to create a folder that does not exist.

    Raises:
        ArchiveError: the target is neither a folder nor one of these URLs.
        ImportError: the extra `archive` is not installed.
    """
    text = os.fspath(target)
    if not text.strip():
        raise ArchiveError("the target of an archive is empty: pass a folder, or a URL such as s3://BUCKET/PREFIX")
    slip = re.match(rf"({'|'.join(SCHEMES)}):(?!//)", text, re.IGNORECASE)
    if slip is not None and not os.path.lexists(text):  # it would be a folder of this name
        raise ArchiveError(f"{text}: a URL has two slashes after its colon, as in s3://BUCKET/PREFIX")
    url = urlsplit(text) if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", text) else None
    if url is None or url.scheme == "file":
        folder = Path(text if url is None else unquote(url.path)).expanduser().absolute()
        return _open_folder(folder, create=create)
    if url.scheme not in SCHEMES:
        raise ArchiveError(
            f"{url.scheme}:// is not a supported storage: use a folder, s3://, gs://, az:// or memory://"
        )
    if url.username or url.password or url.query or url.fragment:
        raise ArchiveError(
            f"{url.scheme}://{url.hostname or ''}{url.path}: credentials and options do not belong in the target: "
            "set the environment variables of the storage, e.g. AWS_ACCESS_KEY_ID"
        )
    if url.scheme == "memory":
        return _memory_store(text)
    _obstore()
    from obstore.store import from_url

    # A part of an upload takes minutes over a slow line. Plain http only where the user has named such an endpoint.
    endpoints = {name: os.environ[name] for name in ENDPOINTS if name in os.environ} if url.scheme in S3 else {}
    for name, endpoint in endpoints.items():
        if not _is_endpoint(endpoint):  # obstore would panic
            raise ArchiveError(f"{name}={endpoint!r} is no URL: give https://HOST of the storage, or unset it")
    plain = any(endpoint.startswith("http://") for endpoint in endpoints.values())
    options: Any = {"timeout": REQUEST_TIMEOUT, "allow_http": plain}
    try:
        return Store(text.rstrip("/"), from_url(text, client_options=options))
    except Exception as error:  # noqa: BLE001 - obstore raises its own classes, which share no base with others
        raise ArchiveError(f"{text}: {first_line(error)}") from None


def _is_endpoint(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in {"http", "https"} and bool(url.hostname) and not re.search(r"\s", text)
    except ValueError:  # of half an IPv6 address
        return False


def _open_folder(folder: Path, *, create: bool) -> Store:
    _obstore()
    from obstore.store import LocalStore

    if folder.exists() and not folder.is_dir():
        raise ArchiveError(f"{folder} is a file: the target of an archive is a folder or a URL")
    if not folder.exists() and not create:
        raise no_archive(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArchiveError(f"cannot create the folder {folder}: {error.strerror}") from None
    return Store(str(folder), LocalStore(folder), folder)


_memory: dict[str, Store] = {}


def _memory_store(name: str) -> Store:
    if name not in _memory:
        _obstore()
        from obstore.store import MemoryStore

        _memory.setdefault(name, Store(name, MemoryStore()))
    return _memory[name]
