"""A replay: the body and signature of a genuine delivery, with other headers, which nobody has signed."""

from __future__ import annotations

from typing import Any

import pytest

from realtimekit.webhooks import Endpoint, Receiver, Router, by_body

from . import samples
from .platform import Signer


def handled(signer: Signer, sample: dict[str, Any], **protection: Any) -> int:
    """How often a handler runs for one delivery and its replays."""
    router, events = Router(), list[Any]()
    router.on()(events.append)
    receiver = Receiver(signer.pem, webhook_ids=protection.pop("webhook_ids", None))
    endpoint = Endpoint(router, receiver=receiver, **protection)
    body, genuine = signer.delivery(sample, webhook_id="mine")
    for change in ({}, {}, {"rtk-uuid": "new"}, {"rtk-webhook-id": "new"}, {"rtk-webhook-id": ""}, {"rtk-uuid": ""}):
        assert endpoint.handle(body, {**genuine, **change}).status in {200, 401}
    return len(events)


STATUSES = [samples.LIVESTREAM, {"event": "recording.statusUpdate", "recording": {"status": "PAUSED"}}]


@pytest.mark.parametrize("sample", [samples.ENDED, *STATUSES], ids=lambda sample: sample["event"])
def test_the_documented_protection_handles_every_event_once(signer: Signer, sample: dict[str, Any]) -> None:
    assert handled(signer, sample, webhook_ids=["mine"], idempotency_key=by_body) == 1


def test_without_it_other_headers_make_another_delivery(signer: Signer) -> None:
    assert handled(signer, samples.ENDED) == 3
    assert handled(signer, samples.ENDED, webhook_ids=["mine"]) == 1
    assert handled(signer, samples.LIVESTREAM, webhook_ids=["mine"]) == 3
