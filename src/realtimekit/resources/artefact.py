"""Artefact: a file that a session left behind, as the API gives it out: a link, for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from realtimekit.exchange import download
from realtimekit.flow import F, Flow, operation
from realtimekit.keywords import Options
from realtimekit.resource import Resource


class Artefact(Resource[F]):
    """What a session's chat, transcript and summary have in common.

    `download_url` needs no token and is as good as one: it works for whoever has it, until `download_url_expiry`.
    """

    download_url: str | None
    download_url_expiry: datetime | None

    @operation
    def read(self, **options: Unpack[Options]) -> Flow[bytes]:
        """Download the file, whole, into memory: `GET` of `download_url`, without the API token.

        Raises:
            PermissionDeniedError, NotFoundError: the link has expired (`reload()` gives a new one) or the file is gone.
            ValueError: there is no link (yet).
        """
        if not self.download_url:
            raise ValueError(f"{self!r} has no download_url: reload() it when it is ready")
        return (yield from download(self._client.settings, self.download_url, options))
