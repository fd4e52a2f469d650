"""Webhooks: subscriptions to the events of an app."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias, Unpack

from realtimekit import responses
from realtimekit.errors import DecodeError, NotFoundError
from realtimekit.execution import Call, execute
from realtimekit.flow import F, Flow, Sync
from realtimekit.kwargs import RequestOptions, ScopedOptions
from realtimekit.operation import fluent, operation
from realtimekit.pagination import Paging
from realtimekit.relation import Page, Relation
from realtimekit.resource import Resource, all_on_default_client, on_default_client
from realtimekit.resources.app import App

WebhookEvent: TypeAlias = (
    Literal[
        "meeting.started",
        "meeting.ended",
        "meeting.participantJoined",
        "meeting.participantLeft",
        "meeting.chatSynced",
        "meeting.transcript",
        "meeting.summary",
        "recording.statusUpdate",
        "livestreaming.statusUpdate",
    ]
    | str
)


class _Required(RequestOptions):
    name: str
    url: str
    events: Sequence[WebhookEvent]


class WebhookFields(_Required, total=False):
    """The body of `PUT /webhooks/{webhook_id}`."""

    enabled: bool  # default True


class NewWebhook(WebhookFields, ScopedOptions, total=False):
    """The body of `POST /webhooks`."""


class WebhookChanges(RequestOptions, total=False):
    """The body of `PATCH /webhooks/{webhook_id}`."""

    name: str
    url: str
    events: Sequence[WebhookEvent]
    enabled: bool


class Webhooks(Relation["Webhook[F]", F]):
    """The webhooks of an app: `client.webhooks`. The API returns them all at once, without pagination."""

    _paginated = False

    def _fetch_page(self, page_no: int, per_page: int | None = None) -> Flow[Page[Any]]:
        try:
            return (yield from super()._fetch_page(page_no, per_page))
        except NotFoundError as error:
            missing = error
        # Some real accounts got this 404 for an app without webhooks; an unknown app always gets it.
        path = App[F]._template.member(self._path_ids(self._scope))
        try:
            yield from execute(self._client.settings, Call("GET", path, options=self._options))
        except NotFoundError:
            raise missing from None
        return Page([], [], Paging(0, 1, 0))

    def where(self, **options: Unpack[ScopedOptions]) -> Webhooks[F]:
        """Return the webhooks: `GET /webhooks`. The API has no filters here.

        If it responds with 404, as for some apps without webhooks, `GET /apps/{app_id}` shows whether the app exists.

        Args:
            options: those of every call: `app_id`, `account_id`, `timeout` (seconds), `extra_query`, `extra_headers`.
        """
        return self._where(options)

    @operation
    def find(self, id: str, /, **options: Unpack[ScopedOptions]) -> Flow[Webhook[F]]:
        """Return one webhook: `GET /webhooks/{webhook_id}`.

        Raises:
            NotFoundError: there is no webhook with this id.
            ValidationError: the id is not a UUID.
        """
        return self._find(id, {}, options)

    @operation
    def create(self, **fields: Unpack[NewWebhook]) -> Flow[Webhook[F]]:
        """Create a webhook: `POST /webhooks`.

        Raises:
            ValidationError: e.g. `url` is not a URL, or an event does not exist.
        """
        return self._create(fields)

    @operation
    def events(self, **options: Unpack[ScopedOptions]) -> Flow[list[str]]:
        """Return the names of all events that exist: `GET /webhooks/all`."""
        call, _ = self._call("GET", "/all", options)
        names = responses.unwrap((yield from execute(self._client.settings, call)))
        found = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
        if not found or len(found) + names.count(None) != len(names):
            raise DecodeError("GET /webhooks/all: the response contains no list of names")
        return found

    def ref(self, id: str, /, **options: Unpack[ScopedOptions]) -> Webhook[F]:
        """Return a webhook of which only the id is known. Nothing is sent."""
        return self._ref(id, options)


class Webhook(
    Resource[F], path="/{app_id}/webhooks(/{webhook_id})", collection=Webhooks, repr_fields=("id", "name", "events")
):
    """A subscription: RealtimeKit sends a `POST` to `url` for each of the events. It has no secret of its own."""

    id: str
    name: str | None
    url: str | None
    events: list[WebhookEvent]
    enabled: bool | None
    created_at: datetime | None
    updated_at: datetime | None

    find = on_default_client(Webhooks[Sync].find)
    where = on_default_client(Webhooks[Sync].where)
    all = all_on_default_client(Webhooks[Sync].where)
    ref = on_default_client(Webhooks[Sync].ref)
    create = on_default_client(Webhooks[Sync].create)

    @fluent
    def update(self, **changes: Unpack[WebhookChanges]) -> Flow[None]:
        """Change only these fields: `PATCH /webhooks/{webhook_id}`."""
        return self._write("PATCH", changes)

    @fluent
    def replace(self, **fields: Unpack[WebhookFields]) -> Flow[None]:
        """Set all fields, the missing ones to their defaults: `PUT /webhooks/{webhook_id}`."""
        return self._write("PUT", fields)

    @operation
    def destroy(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """Delete the webhook: `DELETE /webhooks/{webhook_id}`."""
        yield from self._execute(Call("DELETE", options=options))
