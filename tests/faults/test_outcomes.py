"""Every fault, method, kind of client and transport: what the caller gets, what the server saw, and what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, NamedTuple

import pytest

from realtimekit import RealtimeKit, RealtimeKitError
from realtimekit.emulator import Emulator
from realtimekit.transports.emulator import connected
from tests.transports.loopback import Server, answer

from .callers import Caller
from .outcomes import ELSEWHERE, OUTCOMES, OWN_WAITS, Outcome, documented, table

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TITLE = "Made by a call under a fault"


class Scene(NamedTuple):
    """Records for each method to work on."""

    emulator: Emulator
    meeting_id: str
    webhook_id: str

    def call(self, client: Any, method: str, timeout: float) -> Any:
        meeting = client.meetings.ref(self.meeting_id)
        calls: dict[str, Callable[[], Any]] = {
            "GET": lambda: client.meetings.find(self.meeting_id, timeout=timeout),
            "POST": lambda: client.meetings.create(title=TITLE, timeout=timeout),
            "PUT": lambda: meeting.replace(title=TITLE, timeout=timeout),
            "PATCH": lambda: meeting.update(title=TITLE, timeout=timeout),
            "DELETE": lambda: client.webhooks.ref(self.webhook_id).destroy(timeout=timeout),
        }
        return calls[method]()

    def done(self, method: str) -> int:
        """Return how often the server carried the method out, as far as its state shows."""
        store = self.emulator.world.store
        with self.emulator.world.lock:
            titled = len(store.rows("select 1 from meetings where title = ?", TITLE))
            webhooks = len(store.rows("select 1 from webhooks where id = ?", self.webhook_id))
        return {"GET": 0, "DELETE": 1 - webhooks}.get(method, titled)


@pytest.fixture
def scene(emulator: Emulator) -> Scene:
    emulator.reset()
    client = RealtimeKit(**connected(emulator))
    webhook = client.webhooks.create(name="w", url="http://127.0.0.1:9/", events=["meeting.ended"])
    return Scene(emulator, client.meetings.create(title="Before").id, webhook.id)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Server]:
    """Another host, which must receive no request."""
    with Server(answer(b'{"success":true,"data":{"id":"from elsewhere"}}')) as server:
        yield server


def under(outcome: Outcome, elsewhere: Server, **more: Any) -> Any:
    """The rule of a fault."""
    rule = {**(outcome.fault or {}), **more}
    if rule.get("headers") == {"Location": ELSEWHERE}:
        rule["headers"] = {"Location": f"{elsewhere.url}/client/v4"}
    return rule


def assert_waited(outcome: Outcome, waits: list[float]) -> None:
    """Check the wait before each retry."""
    if outcome.waits is None:
        assert all(low <= wait <= high for wait, (low, high) in zip(waits, OWN_WAITS, strict=False)), waits
    else:
        # A date has whole seconds, and one may begin between the making of two dates.
        earlier = 1 if "retry_after_date" in (outcome.fault or {}) else 0
        assert all(outcome.waits - earlier <= wait <= outcome.waits for wait in waits), waits


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.name)
@pytest.mark.parametrize("method", METHODS)
def test_a_permanent_fault(
    caller: Caller, scene: Scene, elsewhere: Server, closed_url: str, method: str, outcome: Outcome
) -> None:
    if outcome.fault is None and not caller.over_http:
        pytest.skip("in process no connection is refused")
    client = caller.client if outcome.fault is not None else caller.at(closed_url)
    before = len(scene.emulator.requests())
    if outcome.fault is not None:
        scene.emulator.add_faults([under(outcome, elsewhere)])
    with pytest.raises(RealtimeKitError) as caught:
        caller.get(scene.call(client, method, outcome.timeout))

    assert type(caught.value) is outcome.error
    for name, value in outcome.attributes.items():
        assert getattr(caught.value, name) == value
    tries = outcome.tries(method)
    received = scene.emulator.requests()[before:]
    assert [request["method"] for request in received] == [method] * (0 if outcome.fault is None else tries)
    assert len(caller.waits) == tries - 1
    assert_waited(outcome, caller.waits)
    assert scene.done(method) == (1 if outcome.carried_out and method != "GET" else 0)
    assert not elsewhere.requests


ONCE = [outcome for outcome in OUTCOMES if outcome.fault is not None]


@pytest.mark.parametrize("outcome", ONCE, ids=lambda outcome: outcome.name)
@pytest.mark.parametrize("method", METHODS)
def test_a_temporary_fault(caller: Caller, scene: Scene, elsewhere: Server, method: str, outcome: Outcome) -> None:
    """It applies once: if the request is retried, it succeeds; otherwise nothing is carried out twice."""
    before = len(scene.emulator.requests())
    scene.emulator.add_faults([under(outcome, elsewhere, times=1)])
    retried = outcome.tries(method) > 1
    timeout = outcome.timeout * (2 if retried else 1)  # enough for the second response
    with nullcontext() if retried else pytest.raises(outcome.error):
        caller.get(scene.call(caller.client, method, timeout))
    received = len(scene.emulator.requests()) - before
    assert received == 1 + retried
    assert len(caller.waits) == received - 1
    assert_waited(outcome, caller.waits)
    assert scene.done(method) == (1 if method != "GET" and (retried or outcome.carried_out) else 0)


def test_the_document_has_the_table() -> None:
    assert documented() == table(), "python -m tests.faults.outcomes writes it"
