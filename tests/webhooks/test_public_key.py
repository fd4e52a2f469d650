"""The public key: fetched once for all, cached, and fetched again (not too often) if a signature does not match."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from realtimekit import APIConnectionError, AsyncRealtimeKit, ConfigurationError, RealtimeKit, settings
from realtimekit.emulator import Emulator
from realtimekit.interfaces import Request, Response
from realtimekit.settings import TransportName
from realtimekit.transports.emulator import connected
from realtimekit.webhooks import AsyncReceiver, InvalidSignatureError, PublicKeyUnavailableError, Receiver
from realtimekit.webhooks.public_key import (
    FAILURE_BACKOFF,
    KEY_URL,
    MAX_AGE,
    MAX_FETCH_TIME,
    MAX_KEY_RESPONSE_BYTES,
    MISSING_KEY_BACKOFF,
    parse_public_key,
)
from tests.transports.loopback import Connection, Server, answer

from . import platform as sending
from . import samples
from .platform import Clock, Signer, openssl

URL = "https://keys.test/.well-known/webhooks.json"
INTERVAL = 7.0


class Platform:
    """A sync or async transport that responds with the well-known document, or as a test says, and counts."""

    def __init__(self, signer: Signer) -> None:
        self.answer: Response | Exception = Response(200, {}, signer.well_known)
        self.requests: list[Request] = []
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def send(self, request: Request, /) -> Response:
        self.requests.append(request)
        self.entered.set()
        assert self.gate.wait(10)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def rotate(self, signer: Signer) -> None:
        self.answer = Response(200, {}, signer.well_known)

    def receiver(self, clock: Clock, **options: Any) -> Receiver:
        client = RealtimeKit(api_token="the-token", transport=self)
        return Receiver(client=client, key_url=URL, clock=clock, refresh_interval=INTERVAL, **options)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def there(signer: Signer) -> Platform:
    return Platform(signer)


DOWN = APIConnectionError("no route", maybe_processed=False)


def passes(receiver: Receiver, signer: Signer) -> bool:
    try:
        receiver.verify(*signer.delivery(samples.ENDED))
    except InvalidSignatureError:
        return False
    return True


class TestCache:
    def test_fetched_once(self, there: Platform, clock: Clock, signer: Signer) -> None:
        receiver = there.receiver(clock)
        assert there.requests == []
        assert all(passes(receiver, signer) for _ in range(5))
        (request,) = there.requests
        assert (request.method, request.url, request.content) == ("GET", URL, None)
        assert "authorization" not in request.headers, "the token is for the API alone"

    def test_a_new_key_is_fetched_when_a_signature_does_not_match(
        self, there: Platform, clock: Clock, signer: Signer, other_signer: Signer
    ) -> None:
        receiver = there.receiver(clock)
        assert passes(receiver, signer)
        there.rotate(other_signer)
        clock.now += INTERVAL
        assert passes(receiver, other_signer)
        assert not passes(receiver, signer), "the old key is not trusted any more"
        assert len(there.requests) == 3

    def test_a_new_key_is_fetched_however_soon(
        self, there: Platform, clock: Clock, signer: Signer, other_signer: Signer
    ) -> None:
        """A refused event is lost, and an emulator has a new key whenever it starts."""
        receiver = there.receiver(clock)
        for new in (signer, other_signer, signer, other_signer):
            there.rotate(new)
            assert passes(receiver, new)
        assert len(there.requests) == 4

    def test_a_new_key_soon_after_a_forged_delivery(
        self, there: Platform, clock: Clock, signer: Signer, other_signer: Signer
    ) -> None:
        """A refused event is lost: a forgery must not stop the receiver from noticing a new key for long."""
        receiver = Receiver(client=RealtimeKit(api_token="x", transport=there), key_url=URL, clock=clock)
        assert passes(receiver, signer)
        assert not passes(receiver, other_signer)
        there.rotate(other_signer)
        clock.now += 5
        assert passes(receiver, other_signer)

    def test_any_number_of_mismatches_fetch_once_per_interval(
        self, there: Platform, clock: Clock, signer: Signer, other_signer: Signer
    ) -> None:
        receiver = there.receiver(clock)
        assert passes(receiver, signer)
        for elapsed, reads in ((0, 2), (INTERVAL - 1, 2), (INTERVAL, 3), (INTERVAL + 1, 3), (3 * INTERVAL, 4)):
            clock.now = 1000 + elapsed
            for _ in range(10):
                assert not passes(receiver, other_signer)
                assert passes(receiver, signer)
            assert len(there.requests) == reads, elapsed

    def test_the_cached_key_survives_a_failed_fetch(
        self, there: Platform, clock: Clock, signer: Signer, other_signer: Signer
    ) -> None:
        receiver = there.receiver(clock)
        assert passes(receiver, signer)
        there.answer = DOWN
        clock.now += INTERVAL
        for _ in range(3):
            # 401 would be final, and nobody knows whether the key is a new one
            with pytest.raises(PublicKeyUnavailableError) as caught:
                passes(receiver, other_signer)
            assert caught.value.status == 503
            assert passes(receiver, signer)
            clock.now += 1
        assert len(there.requests) == 2
        there.rotate(other_signer)
        clock.now += FAILURE_BACKOFF
        assert passes(receiver, other_signer)

    def test_a_key_is_not_trusted_forever(
        self, there: Platform, clock: Clock, signer: Signer, other_signer: Signer
    ) -> None:
        receiver = there.receiver(clock)
        assert passes(receiver, signer)
        there.answer = DOWN
        clock.now += MAX_AGE
        assert passes(receiver, signer)
        assert passes(receiver, signer)
        assert len(there.requests) == 2
        there.rotate(other_signer)
        clock.now += FAILURE_BACKOFF
        assert not passes(receiver, signer)
        assert passes(receiver, other_signer)

    def test_without_any_key_the_fetch_is_retried_soon(self, there: Platform, clock: Clock, signer: Signer) -> None:
        receiver = there.receiver(clock)
        good, there.answer = there.answer, DOWN
        for _ in range(3):
            with pytest.raises(PublicKeyUnavailableError, match=r"at https://keys.test/\S+ could not be read: no"):
                passes(receiver, signer)
        assert len(there.requests) == 1
        there.answer = good
        clock.now += MISSING_KEY_BACKOFF
        assert passes(receiver, signer)

    def test_a_given_key_is_never_fetched(self, there: Platform, signer: Signer, other_signer: Signer) -> None:
        receiver = Receiver(signer.pem, client=RealtimeKit(api_token="x", transport=there))
        assert passes(receiver, signer)
        assert not passes(receiver, other_signer)
        assert there.requests == []


class TestSharing:
    def test_threads_share_one_fetch(self, there: Platform, clock: Clock, signer: Signer) -> None:
        receiver = there.receiver(clock)
        there.gate.clear()
        results: list[bool] = []
        threads = [threading.Thread(target=lambda: results.append(passes(receiver, signer))) for _ in range(20)]
        for thread in threads:
            thread.start()
        assert there.entered.wait(10)
        there.gate.set()
        for thread in threads:
            thread.join()
        assert results == [True] * 20
        assert len(there.requests) == 1

    def test_while_one_thread_refreshes_the_others_use_the_cached_key(
        self, there: Platform, clock: Clock, signer: Signer, other_signer: Signer
    ) -> None:
        receiver = there.receiver(clock)
        assert passes(receiver, signer)
        clock.now += INTERVAL
        there.gate.clear()
        there.entered.clear()
        reader = threading.Thread(target=lambda: passes(receiver, other_signer))
        reader.start()
        assert there.entered.wait(10)
        assert passes(receiver, signer)
        there.gate.set()
        reader.join()

    def test_tasks_share_one_fetch_and_a_canceled_one_is_replaced(self, clock: Clock, signer: Signer) -> None:
        requests: list[Request] = []

        class Slow:
            async def send(self, request: Request, /) -> Response:
                requests.append(request)
                asked.set()
                await asyncio.sleep(3600 if len(requests) == 1 else 0)
                return Response(200, {}, signer.well_known)

        asked = asyncio.Event()

        async def main() -> None:
            client = AsyncRealtimeKit(api_token="x", transport=Slow())
            receiver = AsyncReceiver(client=client, key_url=URL, clock=clock)
            delivery = signer.delivery(samples.ENDED)
            tasks = [asyncio.ensure_future(receiver.verify(*delivery)) for _ in range(20)]
            await asked.wait()
            tasks[0].cancel()
            done = await asyncio.gather(*tasks, return_exceptions=True)
            assert isinstance(done[0], asyncio.CancelledError)
            assert [event.type for event in done[1:] if not isinstance(event, BaseException)] == ["meeting.ended"] * 19

        asyncio.run(main())
        assert len(requests) == 2

    def test_a_hanging_fetch_blocks_others_only_briefly(self, there: Platform, clock: Clock, signer: Signer) -> None:
        receiver = there.receiver(clock)
        there.gate.clear()
        stuck = threading.Thread(target=lambda: passes(receiver, signer))
        stuck.start()
        assert there.entered.wait(10)
        clock.now += MAX_FETCH_TIME
        held, there.gate = there.gate, threading.Event()
        there.gate.set()
        assert passes(receiver, signer)
        assert len(there.requests) == 2
        held.set()
        stuck.join()


# --- answers that hold no key -----------------------------------------------------------------------------------------


def document(pem: object) -> bytes:
    return json.dumps({"success": True, "data": {"publicKey": pem}, "message": ""}).encode()


def elliptic() -> str:
    return openssl("ec", "-pubout", stdin=openssl("ecparam", "-name", "prime256v1", "-genkey")).decode()


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (lambda: Response(404, {}, b""), "has status 404"),
        (lambda: Response(302, {"location": "https://elsewhere.test"}, b""), "has status 302"),
        (lambda: Response(500, {}, b"oops"), "has status 500"),
        (lambda: Response(200, {}, b'{"success": false, "data": {}}'), "has status 200"),
        (lambda: Response(200, {}, b""), "no data.publicKey"),
        (lambda: Response(200, {}, b"<html>"), "no data.publicKey"),
        (lambda: Response(200, {}, b"[]"), "no data.publicKey"),
        (lambda: Response(200, {}, document(None)), "no data.publicKey"),
        (lambda: Response(200, {}, document("")), "not a public key in PEM"),
        (lambda: Response(200, {}, document("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")), "in PEM"),
        (lambda: Response(200, {}, document(elliptic())), "not an RSA key"),
        (lambda: Response(200, {}, b" " * (MAX_KEY_RESPONSE_BYTES + 1)), "bytes"),
    ],
)
def test_responses_without_a_valid_key(
    there: Platform, clock: Clock, signer: Signer, response: Callable[[], Response], why: str
) -> None:
    there.answer = response()
    with pytest.raises(PublicKeyUnavailableError, match=why):
        passes(there.receiver(clock), signer)


# --- where it is ------------------------------------------------------------------------------------------------------


def asked_url(**settings: Any) -> str:
    requests: list[Request] = []

    class Recorder:
        def send(self, request: Request, /) -> Response:
            requests.append(request)
            raise DOWN

    receiver = Receiver(client=RealtimeKit(api_token="x", transport=Recorder(), **settings))
    with pytest.raises(PublicKeyUnavailableError):
        receiver.verify(b"{}", {"rtk-signature": "AAAA"})
    return requests[0].url


def test_the_default_url_is_the_platforms() -> None:
    assert KEY_URL == "https://api.realtime.cloudflare.com/.well-known/webhooks.json"
    assert asked_url() == KEY_URL
    assert asked_url(base_url="https://proxy.example/client/v4") == KEY_URL


def test_a_client_of_an_emulator_uses_the_emulators_url() -> None:
    for origin in ("http://127.0.0.1:8787", "http://localhost:1", "http://emulator.localhost", "http://[::1]:8787"):
        assert asked_url(base_url=f"{origin}/client/v4") == f"{origin}/.well-known/webhooks.json"


@pytest.mark.parametrize(
    "url",
    [
        "http://keys.test/k.json",
        "http://127.0.0.1.example/k",
        "ftp://127.0.0.1/k",
        "https://",
        "",
        "keys.test",
        "https://user:password@keys.test/",
        "https://keys.test/a b",
        "https://keys.test\\@evil.test/",
        "https://[",
        1,
    ],
)
def test_invalid_key_urls(url: Any) -> None:
    with pytest.raises(ConfigurationError, match="key_url") as caught:
        Receiver(key_url=url)
    assert "password" not in str(caught.value)


def test_over_http_with_each_transport_and_mode(platform: sending.Platform, transport: TransportName) -> None:
    delivery = platform.captured("meeting.ended")
    settings: dict[str, Any] = {**platform.settings, "transport": transport}
    with RealtimeKit(**settings) as client:
        event = Receiver(client=client).verify(*delivery)
        assert event.session.id == event.session_id

    async def main() -> None:
        async with AsyncRealtimeKit(**settings) as client:
            event = await AsyncReceiver(client=client).verify(*delivery)
            assert (await event.session).id == event.session_id

    asyncio.run(main())


def test_neither_client_nor_token_is_needed(platform: sending.Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = platform.captured("meeting.ended")
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN")
    Receiver().verify(*delivery)
    event = asyncio.run(AsyncReceiver().verify(*delivery))
    with pytest.raises(ConfigurationError, match="has no client"):
        asyncio.run(event.session)


def test_a_receiver_follows_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one of a module does, in tests that have an emulator each."""
    receiver, asynchronous = Receiver(), AsyncReceiver()
    for _ in range(2):
        with Emulator() as emulator:
            monkeypatch.setattr(settings, "_configured", dict(connected(emulator)))
            body, headers = emulator.signed_delivery("meeting.ended")
            for changed in (body, body + b" ", body):
                genuine = changed == body
                with nullcontext() if genuine else pytest.raises(InvalidSignatureError):
                    assert receiver.verify(changed, headers).type == "meeting.ended"
                with nullcontext() if genuine else pytest.raises(InvalidSignatureError):
                    assert asyncio.run(asynchronous.verify(changed, headers)).type == "meeting.ended"


def test_a_connection_that_breaks(signer: Signer, transport: TransportName) -> None:
    def breaking(connection: Connection) -> None:
        connection.receive()
        connection.reset()

    with Server(breaking) as server, RealtimeKit(api_token="x", transport=transport) as client:
        receiver = Receiver(key_url=f"{server.url}/k", client=client)
        with pytest.raises(PublicKeyUnavailableError):
            passes(receiver, signer)
    with Server(answer(document(signer.pem))) as server, RealtimeKit(api_token="x", transport=transport) as client:
        assert passes(Receiver(key_url=f"{server.url}/k", client=client), signer)


# --- a key that is given ----------------------------------------------------------------------------------------------


def test_forms_of_a_given_key(signer: Signer) -> None:
    one_line = signer.pem.strip().replace("\n", "\\n")
    pkcs1 = openssl("rsa", "-pubin", "-in", str(signer.public), "-RSAPublicKey_out").decode()
    for pem in (signer.pem, signer.pem.encode(), f"\n {signer.pem} \n", one_line, pkcs1):
        assert passes(Receiver(pem), signer), pem
        assert parse_public_key(pem).key_size == 2048


def test_invalid_given_keys(signer: Signer) -> None:
    private = signer.private.read_text(encoding="ascii")
    for pem, why in (
        ("", "in PEM"),
        ("secret", "in PEM"),
        (private, "private key"),
        (elliptic(), "not an RSA key"),
        (1, ""),
    ):
        with pytest.raises(ConfigurationError, match=f"public_key: .*{why}") as caught:
            Receiver(pem)  # type: ignore[arg-type]
        assert "secret" not in str(caught.value)
        assert private[100:150] not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"max_body": 0},
        {"max_body": "1"},
        {"refresh_interval": -1},
        {"refresh_interval": True},
        {"webhook_ids": "hook-1"},
        {"public_key": "x", "key_url": URL},
    ],
    ids=str,
)
def test_other_invalid_arguments(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="|".join(options)):
        Receiver(**options)


def test_sync_and_async_clients_do_not_mix() -> None:
    with pytest.raises(ConfigurationError, match="Receiver takes a RealtimeKit"):
        Receiver(client=AsyncRealtimeKit(api_token="x"))  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="AsyncReceiver takes an AsyncRealtimeKit"):
        AsyncReceiver(client=RealtimeKit(api_token="x"))  # type: ignore[arg-type]


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtimekit.webhooks.receiver.find_spec", lambda _name: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'realtimekit\[webhooks\]'"):
        Receiver()
