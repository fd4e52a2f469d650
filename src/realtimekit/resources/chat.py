"""The chat of a session: its download link and its messages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Unpack

from realtimekit.errors import DecodeError
from realtimekit.flow import F, Flow
from realtimekit.kwargs import FileOptions
from realtimekit.lazy import LazyModule
from realtimekit.operation import operation
from realtimekit.record import field
from realtimekit.resources.artifact import Artifact

if TYPE_CHECKING:
    from realtimekit.artifacts import messages as chat_messages
else:
    chat_messages = LazyModule("realtimekit.artifacts.messages")


class Chat(Artifact[F], path="/{app_id}/sessions/{session_id}/chat", repr_fields=("chat_download_url_expiry",)):
    """The chat of a session: `session.chat`, `GET /sessions/{session_id}/chat`. Kept for 7 days."""

    _kind = "chat"
    _retention_hint = "download it in time, or set persist_chat=True on the meeting to have it kept for longer"

    download_url: str | None = field("chat_download_url", "chatDownloadUrl")
    download_url_expiry: datetime | None = field("chat_download_url_expiry", "chatDownloadUrlExpiry")

    @operation
    def messages(
        self, *, errors: list[DecodeError] | None = None, **options: Unpack[FileOptions]
    ) -> Flow[list[chat_messages.ChatMessage]]:
        """Download the file (CSV or JSON) and return its messages, in the order of the file.

        Args:
            errors: rows that cannot be read are reported here, each with its line, and the others are read.

        Raises:
            DecodeError: a row cannot be read, and `errors` is None; or the file is too large, as for `read`.
            ArtifactNotReadyError, APIConnectionError, APIError: as `read`.
        """
        return chat_messages.parse_chat((yield from self._content(options)), errors=errors)
