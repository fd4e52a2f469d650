"""Presets: the permissions and the appearance of a participant's meeting."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from realtimekit import error_responses, pagination, responses
from realtimekit.errors import NotFoundError, RealtimeKitError, ValidationError
from realtimekit.execution import Call, execute
from realtimekit.flow import F, Flow, Runner, Sync
from realtimekit.kwargs import RequestOptions, ScopedOptions
from realtimekit.lazy import LazyModule
from realtimekit.operation import fluent, operation
from realtimekit.relation import Relation
from realtimekit.resource import Resource, all_on_default_client, on_default_client
from realtimekit.resources.preset_config import PresetConfig, PresetPermissions, PresetUi

if TYPE_CHECKING:
    from realtimekit.resources import preset_fields
else:
    preset_fields = LazyModule("realtimekit.resources.preset_fields")

T = TypeVar("T")


class PresetFilters(ScopedOptions, total=False):
    """The query of `GET /presets`."""

    search: str  # words in its name
    page_no: int  # the page to start from; for a single page use `.page(n)`
    per_page: int


class PresetFields(RequestOptions):
    """The body of `PUT /presets/{preset_id}`."""

    name: str
    config: preset_fields.ConfigFields
    permissions: preset_fields.PermissionsFields
    ui: preset_fields.UiFields


class NewPreset(PresetFields, ScopedOptions):
    """The body of `POST /presets`."""


class PresetChanges(RequestOptions, total=False):
    """The body of `PATCH /presets/{preset_id}`: any part, at any depth."""

    name: str
    config: preset_fields.ConfigFields
    permissions: preset_fields.PermissionsFields
    ui: preset_fields.UiFields


class Presets(Relation["Preset[F]", F]):
    """The presets of an app: `client.presets`."""

    def where(self, **filters: Unpack[PresetFilters]) -> Presets[F]:
        """Return the presets that match these filters: `GET /presets`.

        Args:
            filters: `search` (words in the name), `page_no` (the page to start from) and `per_page`; and the options of
                every call: `app_id`, `account_id`, `timeout` (seconds), `extra_query`, `extra_headers`.
        """
        return self._where(filters)

    @operation
    def find(self, id: str, /, **options: Unpack[ScopedOptions]) -> Flow[Preset[F]]:
        """Return one preset: `GET /presets/{preset_id}`.

        Raises:
            NotFoundError: there is no preset with this id.
        """
        return self._find(id, {}, options)

    @operation
    def create(self, **fields: Unpack[NewPreset]) -> Flow[Preset[F]]:
        """Create a preset: `POST /presets`."""
        return self._create(fields)

    def ref(self, id: str, /, **options: Unpack[ScopedOptions]) -> Preset[F]:
        """Return a preset of which only the id is known. Nothing is sent."""
        return self._ref(id, options)


class Preset(Resource[F], path="/{app_id}/presets(/{preset_id})", collection=Presets, repr_fields=("id", "name")):
    """What participants with this preset may do, and how their meeting looks.

    A participant refers to it by its `name`. On presets from a list only the name is set: `reload()` loads the rest.
    """

    id: str
    name: str
    config: PresetConfig | None
    permissions: PresetPermissions | None
    ui: PresetUi | None
    created_at: datetime | None
    updated_at: datetime | None

    find = on_default_client(Presets[Sync].find)
    where = on_default_client(Presets[Sync].where)
    all = all_on_default_client(Presets[Sync].where)
    ref = on_default_client(Presets[Sync].ref)
    create = on_default_client(Presets[Sync].create)

    @fluent
    def update(self, **changes: Unpack[PresetChanges]) -> Flow[None]:
        """Change only these parts: `PATCH /presets/{preset_id}`."""
        return self._write("PATCH", changes)

    @fluent
    def replace(self, **fields: Unpack[PresetFields]) -> Flow[None]:
        """Set all fields: `PUT /presets/{preset_id}`."""
        return self._write("PUT", fields)

    @operation
    def destroy(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """Delete the preset: `DELETE /presets/{preset_id}`."""
        yield from self._execute(Call("DELETE", options=options))


def with_preset_names(
    flow: Flow[T], client: Runner[Any], scope: Mapping[str, Any], kwargs: Mapping[str, Any]
) -> Flow[T]:
    """Run a call that refers to a preset; if there is no preset of that name, the error lists those of the app.

    Neither the status nor the message of that error is documented: any message that mentions a preset counts.

    Args:
        flow: the call.
        client: the client of the call.
        scope: the ids of the app.
        kwargs: the keywords of the call; its timeout is also used to read the presets.
    """
    try:
        return (yield from flow)
    except (ValidationError, NotFoundError) as error:
        if re.search("preset", error.message, re.IGNORECASE):
            try:
                names = yield from _names(client, scope, {"timeout": kwargs["timeout"]} if "timeout" in kwargs else {})
            except RealtimeKitError:
                pass  # it was only for the message
            else:
                error.args = (f"{error}; {names}",)
        raise


def _names(client: Runner[Any], scope: Mapping[str, Any], options: RequestOptions) -> Flow[str]:
    path = Preset._template.collection(scope)
    settings = client.settings._replace(max_retries=0)  # the caller waits for the error
    body = yield from execute(settings, Call("GET", path, options=options))
    names = [str(preset.get("name")) for preset in responses.unwrap_list(body) or []]
    if not names:
        return "this app has no presets"
    total = pagination.paging(body).total_count or 0
    more = f" and {total - len(names)} more" if total > len(names) else ""
    return f"the presets of this app: {error_responses.sanitize(', '.join(map(repr, names)))}{more}"
