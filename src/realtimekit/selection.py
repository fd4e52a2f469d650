"""Selections: filters that the API lacks, applied by the SDK to the narrowest list that the API has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from realtimekit.flow import Flow, Runner


class Selection(Protocol):
    """Which records of a list belong to a relation. Both methods are flows, because they may need requests."""

    def query(self, client: Runner[Any], ids: Mapping[str, Any], query: Mapping[str, str], /) -> Flow[dict[str, Any]]:
        """Return the query to send.

        Args:
            client: the client of the relation.
            ids: the ids of its path.
            query: the relation's own query.
        """
        ...

    def matches(self, record: Any, /) -> Flow[bool]:
        """Return whether a record of the list belongs to the relation."""
        ...
