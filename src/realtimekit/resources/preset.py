"""Presets: what a participant may do, see and hear."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from realtimekit import protocol
from realtimekit.errors import NotFoundError, RealtimeKitError, ValidationError
from realtimekit.execution import Call, execute
from realtimekit.flow import F, Flow, Sync
from realtimekit.kwargs import RequestOptions, ScopedOptions
from realtimekit.operation import fluent, operation
from realtimekit.relation import Relation
from realtimekit.resource import Resource, all_on_default_client, on_default_client
from realtimekit.resources.preset_config import PresetConfig, PresetPermissions, PresetUi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.flow import Runner
    from realtimekit.resources.preset_fields import ConfigFields, PermissionsFields, UiFields

T = TypeVar("T")


class PresetFilters(ScopedOptions, total=False):
    """The query of `GET /presets`."""

    search: str  # words of its name
    page_no: int  # the page to start from; one page alone is `.page(n)`
    per_page: int


class PresetFields(RequestOptions):
    """The body of `PUT /presets/{preset_id}`."""

    name: str
    config: ConfigFields
    permissions: PermissionsFields
    ui: UiFields


class NewPreset(PresetFields, ScopedOptions):
    """The body of `POST /presets`."""


class PresetChanges(RequestOptions, total=False):
    """The body of `PATCH /presets/{preset_id}`: any part, at any depth."""

    name: str
    config: ConfigFields
    permissions: PermissionsFields
    ui: UiFields


class Presets(Relation["Preset[F]", F]):
    """The presets of an app: `client.presets`."""

    def where(self, **filters: Unpack[PresetFilters]) -> Presets[F]:
        """Those that match: `GET /presets`."""
        return self._where(filters)

    @operation
    def find(self, id: str, /, **options: Unpack[ScopedOptions]) -> Flow[Preset[F]]:
        """`GET /presets/{preset_id}`.

        Raises:
            NotFoundError: there is none with this id.
        """
        return self._find(id, {}, options)

    @operation
    def create(self, **fields: Unpack[NewPreset]) -> Flow[Preset[F]]:
        """`POST /presets`."""
        return self._create(fields)

    def ref(self, id: str, /, **options: Unpack[ScopedOptions]) -> Preset[F]:
        """A preset known by its id alone: nothing is sent."""
        return self._ref(id, options)


class Preset(Resource[F], path="/{app_id}/presets(/{preset_id})", collection=Presets, repr_fields=("id", "name")):
    """What the participants who have it may do, and how their meeting looks.

    Participants name theirs by its `name`. In a list a preset holds its name alone: `reload()` reads the rest.
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
        """`PATCH /presets/{preset_id}`: change these parts alone."""
        return self._write("PATCH", changes)

    @fluent
    def replace(self, **fields: Unpack[PresetFields]) -> Flow[None]:
        """`PUT /presets/{preset_id}`: set all of it."""
        return self._write("PUT", fields)

    @operation
    def destroy(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """`DELETE /presets/{preset_id}`."""
        yield from self._execute(Call("DELETE", options=options))


def naming_presets(flow: Flow[T], client: Runner[Any], scope: Mapping[str, Any], given: Mapping[str, Any]) -> Flow[T]:
    """A call that names a preset: if it fails because there is none of that name, the error says which there are.

    Neither the status nor the words of that error are documented: any that speaks of a preset is taken for it.

    Args:
        flow: the call.
        client: whose settings the call uses.
        scope: the ids of the app.
        given: the keywords of the call; its timeout counts for reading the presets, too.
    """
    try:
        return (yield from flow)
    except (ValidationError, NotFoundError) as error:
        if re.search("preset", error.message, re.IGNORECASE):
            try:
                names = yield from _names(client, scope, {"timeout": given["timeout"]} if "timeout" in given else {})
            except RealtimeKitError:
                pass  # it was for the message alone
            else:
                error.args = (f"{error}; {names}",)
        raise


def _names(client: Runner[Any], scope: Mapping[str, Any], options: RequestOptions) -> Flow[str]:
    path = Preset._template.collection(scope)
    settings = client.settings._replace(max_retries=0)  # somebody waits to read what went wrong
    answer = yield from execute(settings, Call("GET", path, options=options))
    names = [str(preset.get("name")) for preset in protocol.unwrap_list(answer) or []]
    if not names:
        return "no preset was found in this app"
    total = protocol.paging(answer).total_count or 0
    more = f" and {total - len(names)} more" if total > len(names) else ""
    return f"the presets of this app: {protocol.printable(', '.join(map(repr, names)))}{more}"
