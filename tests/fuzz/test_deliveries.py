"""Deliveries that were tampered with: none is verified or handled, and none crashes the endpoint."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.errors import DecodeError
from realtimekit.webhooks import (
    AsyncEndpoint,
    AsyncReceiver,
    AsyncRouter,
    Endpoint,
    Event,
    MalformedEventError,
    Receiver,
    Router,
)
from tests.webhooks import samples
from tests.webhooks.platform import Signer

from .examples import as_bytes, changed, fuzzed, mutated, values

BODIES = [json.dumps(sample).encode() for sample in samples.ALL]


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer.made_in(tmp_path_factory.mktemp("key"))


class Seen:
    """A sync and an async endpoint whose handlers collect every event."""

    def __init__(self, signer: Signer) -> None:
        self.events: list[Any] = []
        self.receiver = Receiver(signer.pem)
        router, async_router = Router(), AsyncRouter()

        async def take(event: Any) -> None:
            self.events.append(event)

        for name in Event.types:
            router.on(name)(self.events.append)
            async_router.on(name)(take)
        self.endpoint = Endpoint(router, receiver=self.receiver)
        self.async_endpoint = AsyncEndpoint(async_router, receiver=AsyncReceiver(signer.pem))

    def statuses(self, body: bytes, headers: Any) -> set[int]:
        """The statuses of both endpoints."""
        return {
            self.endpoint.handle(body, headers).status,
            asyncio.run(self.async_endpoint.handle(body, headers)).status,
        }


@pytest.fixture(scope="module")
def seen(signer: Signer) -> Seen:
    return Seen(signer)


texts = st.text(max_size=30) | st.binary(max_size=30)


@st.composite
def tampered(draw: st.DrawFn) -> tuple[bytes, bytes, list[tuple[str, str]]]:
    """The signed body, the body that arrives, and the edits to the headers."""
    original = draw(st.sampled_from(BODIES))
    body = draw(st.just(original) | mutated([original]) | changed(json.loads(original)).map(as_bytes))
    edits = draw(
        st.lists(st.tuples(st.sampled_from(["signature", "name", "another", "list"]), texts.map(str)), max_size=2)
    )
    return original, body, edits


@fuzzed(80)
@given(delivery=tampered())
def test_only_signed_bodies_are_handled(signer: Signer, seen: Seen, delivery: tuple[bytes, bytes, list[Any]]) -> None:
    original, body, edits = delivery
    right = signer.signature(original)
    headers: dict[str, Any] = {"rtk-signature": right, "rtk-uuid": "u", "rtk-webhook-id": "w"}
    for kind, text in edits:
        match kind:
            case "signature":
                headers["rtk-signature"] = right[: len(text)] + text + right[len(text) :]
            case "name":
                headers[text] = headers.pop("rtk-signature", text)
            case "another":
                headers["Rtk-Signature"] = text
            case _:
                headers["rtk-signature"] = [right, text]
    seen.events.clear()
    statuses = seen.statuses(body, headers)
    if body != original:
        assert statuses == {401}
    assert statuses <= {200, 401}
    if 401 in statuses:
        assert not seen.events


signed = st.one_of(
    st.sampled_from(samples.ALL).flatmap(changed).map(as_bytes),
    mutated(BODIES),
    values.map(as_bytes),
    st.fixed_dictionaries({"event": st.sampled_from([*Event.types, "x"]), "meeting": values, "recording": values}).map(
        as_bytes
    ),
)


@fuzzed(80)
@given(body=signed)
def test_any_signed_body_gets_a_response(signer: Signer, seen: Seen, body: bytes) -> None:
    """A signed body may still be an unknown event, or no event at all."""
    headers = {"rtk-signature": signer.signature(body)}
    assert seen.statuses(body, headers) <= {200, 400}
    try:
        event = seen.receiver.verify(body, headers)
    except MalformedEventError:
        return
    assert repr(event)
    assert event.app_id is None or event.app_id
    for name in event.to_dict():
        with suppress(DecodeError):
            event[name]


@fuzzed(60)
@given(
    headers=st.lists(st.tuples(texts, texts | st.none() | st.lists(texts, max_size=2)), max_size=4)
    | st.dictionaries(st.sampled_from(["rtk-signature", "RTK-SIGNATURE", "dyte-signature"]), texts | values)
)
def test_no_other_headers_verify(seen: Seen, headers: Any) -> None:
    seen.events.clear()
    assert seen.statuses(BODIES[0], headers) == {401}
    assert not seen.events
