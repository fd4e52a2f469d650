"""Apps: the RealtimeKit applications of an account."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Unpack

from realtimekit.flow import F, Flow, Sync
from realtimekit.kwargs import RequestOptions
from realtimekit.operation import operation
from realtimekit.relation import Relation
from realtimekit.resource import Resource, all_on_default_client, on_default_client


class AppOptions(RequestOptions, total=False):
    """The options of calls on the apps of an account."""

    account_id: str


class AppFilters(AppOptions, total=False):
    """The query of `GET /apps`."""

    search: str
    sort_order: Literal["ASC", "DESC"]
    page_no: int
    per_page: int


class NewApp(AppOptions):
    """The body of `POST /apps`."""

    name: str


class Apps(Relation["App[F]", F]):
    """The apps of an account: `client.apps`."""

    def where(self, **filters: Unpack[AppFilters]) -> Apps[F]:
        """Return the apps that match these filters: `GET /apps`.

        Args:
            filters: `search`, `page_no` (the page to start from) and `per_page`; `sort_order` ("ASC", "DESC"), for
                which there is `order_by("created_at")`, with "-" descending; and the options of every call:
                `account_id`, `timeout` (seconds), `extra_query`, `extra_headers`.
        """
        return self._where(filters)

    def order_by(self, field: Literal["created_at", "-created_at"], /) -> Apps[F]:
        """Sort by creation time, the oldest first; with "-" the newest first (the server's default)."""
        return self._order_by(field, by=False)

    @operation
    def find(self, id: str, /, **options: Unpack[AppOptions]) -> Flow[App[F]]:
        """Return one app: `GET /apps/{app_id}`.

        Raises:
            NotFoundError: there is no app with this id.
        """
        return self._find(id, {}, options)

    @operation
    def current(self, **options: Unpack[RequestOptions]) -> Flow[App[F]]:
        """Return the app of the client's `app_id`: `GET /apps/{app_id}`.

        Raises:
            ConfigurationError: the client has no app_id.
        """
        return self._find(self._client.settings.required("app_id"), {}, options)

    @operation
    def create(self, **fields: Unpack[NewApp]) -> Flow[App[F]]:
        """Create an app: `POST /apps`."""
        return self._create(fields)

    def ref(self, id: str, /, **options: Unpack[AppOptions]) -> App[F]:
        """Return an app of which only the id is known. Nothing is sent."""
        return self._ref(id, options)


class App(Resource[F], path="/apps(/{app_id})", collection=Apps, item_key="app", repr_fields=("id", "name")):
    """A RealtimeKit application, with its own meetings, sessions, presets and webhooks."""

    id: str
    name: str | None
    created_at: datetime

    find = on_default_client(Apps[Sync].find)
    where = on_default_client(Apps[Sync].where)
    all = all_on_default_client(Apps[Sync].where)
    ref = on_default_client(Apps[Sync].ref)
    create = on_default_client(Apps[Sync].create)
    current = on_default_client(Apps[Sync].current)
