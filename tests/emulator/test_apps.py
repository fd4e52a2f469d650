"""GET /apps, POST /apps, GET /apps/{app_id}."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .shape import APP, NOT_FOUND, PAGING, error, must_be

if TYPE_CHECKING:
    from .world import World


def test_list(world: World) -> None:
    response = world.call("GET", f"{world.kit}/apps")
    assert response.status == 200
    must_be(response.json(), {"success": True, "data": [APP], "paging": PAGING})
    assert [app["id"] for app in response.data] == [world.emulator.app_id]


def test_create_wraps_the_app_and_returns_200(world: World) -> None:
    response = world.call("POST", f"{world.kit}/apps", {"name": "second"})
    assert response.status == 200  # not 201
    must_be(response.json(), {"success": True, "data": {"app": {**APP, "name": "second"}}})


def test_get_does_not_wrap_the_app(world: World) -> None:
    app = world.call("POST", f"{world.kit}/apps", {"name": "second"}).data["app"]
    response = world.call("GET", f"{world.kit}/apps/{app['id']}")
    assert response.status == 200
    assert response.json() == {"success": True, "data": app}


def test_a_new_app_is_empty_and_usable(world: World) -> None:
    world.meeting()
    app = world.call("POST", f"{world.kit}/apps", {"name": "second"}).data["app"]
    path = f"{world.kit}/{app['id']}/meetings"
    assert world.call("GET", path).data == []
    meeting = world.call("POST", path, {"title": "there"}).data
    given = {"name": "A", "custom_participant_id": "a", "preset_name": "group_call_host"}
    assert world.call("POST", f"{path}/{meeting['id']}/participants", given).status == 201
    # what is in one app is not in the other
    assert world.get(f"/meetings/{meeting['id']}").status == 404


@pytest.mark.parametrize(("order", "wanted"), [("ASC", ["b", "a"]), ("DESC", ["a", "b"]), (None, ["a", "b"])])
def test_sorted_by_age_the_newest_first(world: World, order: str | None, wanted: list[str]) -> None:
    for name in ("b", "a"):
        world.advance(1)
        world.call("POST", f"{world.kit}/apps", {"name": name})
    query = {"sort_order": order} if order else {}
    found = world.call("GET", f"{world.kit}/apps", **query).data
    assert [app["name"] for app in found if app["name"] in {"a", "b"}] == wanted


@pytest.mark.parametrize(
    ("search", "wanted"),
    [("one", {"one", "Two-ONE"}), ("%", {"100%"}), ("_", {"a_b"}), ("none", set()), ("o%e", set())],
)
def test_search_is_for_a_part_of_the_name(world: World, search: str, wanted: set[str]) -> None:
    for name in ("one", "Two-ONE", "100%", "a_b"):
        world.call("POST", f"{world.kit}/apps", {"name": name})
    assert {app["name"] for app in world.call("GET", f"{world.kit}/apps", search=search).data} == wanted


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"search": "x" * 126}, 'BAD_REQUEST: "search" length must be less than or equal to 125 characters long'),
        ({"sort_order": "DSC"}, 'BAD_REQUEST: "sort_order" must be one of [ASC, DESC]'),
        ({"per_page": "many"}, 'BAD_REQUEST: "per_page" must be a number'),
    ],
)
def test_bad_queries(world: World, query: dict[str, str], message: str) -> None:
    response = world.call("GET", f"{world.kit}/apps", **query)
    assert response.status == 400
    assert response.json() == error(400, message)
    assert world.call("GET", f"{world.kit}/apps", search="x" * 125).status == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, 'BAD_REQUEST: "name" is required'),
        ({"name": 1}, 'BAD_REQUEST: "name" must be a string'),
        ({"name": None}, 'BAD_REQUEST: "name" must not be null'),
        (["name"], 'BAD_REQUEST: "value" must be of type object'),
    ],
)
def test_bad_bodies(world: World, body: object, message: str) -> None:
    response = world.call("POST", f"{world.kit}/apps", body)
    assert response.status == 400
    assert response.json() == error(400, message)
    assert len(world.call("GET", f"{world.kit}/apps").data) == 1


def test_unknown_app(world: World) -> None:
    response = world.call("GET", f"{world.kit}/apps/nothing")
    assert response.status == 404
    assert response.json() == NOT_FOUND
