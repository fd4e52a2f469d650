"""Signatures, checked against openssl: only the right one over the exact bytes passes."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import realtimekit.settings
from realtimekit import AsyncRealtimeKit, RealtimeKit
from realtimekit.webhooks import (
    AsyncReceiver,
    BodyTooLargeError,
    Event,
    ForeignEventError,
    InvalidSignatureError,
    MalformedEventError,
    MeetingEnded,
    MissingSignatureError,
    Receiver,
    WebhookError,
)
from tests.fuzz.examples import fuzzed

from . import samples
from .platform import Signer, openssl

ENDED = json.dumps(samples.ENDED).encode()


class TestAgainstOpenssl:
    @pytest.mark.parametrize("bits", [2048, 3072])
    def test_openssl_signatures_pass(self, signer: Signer, tmp_path: Path, bits: int) -> None:
        signer = signer if bits == 2048 else Signer.made_in(tmp_path, bits)
        event = Receiver(signer.pem).verify(ENDED, {"rtk-signature": signer.signed_by_openssl(ENDED)})
        assert isinstance(event, MeetingEnded)
        other = ENDED + b" "
        with pytest.raises(InvalidSignatureError):
            Receiver(signer.pem).verify(other, {"rtk-signature": signer.signed_by_openssl(ENDED)})

    @pytest.mark.parametrize("body", [ENDED, b"", b"\0\xff", '{ "é": 1 }'.encode()], ids=repr)
    def test_test_signatures_pass_with_openssl(self, signer: Signer, tmp_path: Path, body: bytes) -> None:
        file = tmp_path / "signature"
        file.write_bytes(base64.b64decode(signer.signature(body)))
        arguments = ("dgst", "-sha256", "-verify", str(signer.public), "-signature", str(file))
        assert b"Verified OK" in openssl(*arguments, stdin=body)
        assert signer.signature(body) == signer.signed_by_openssl(body), "PKCS #1 v1.5 has one signature for each body"

    @pytest.mark.parametrize(
        "options",
        [
            ["-sha1"],
            ["-sha512"],
            ["-md5"],
            ["-sha256", "-sigopt", "rsa_padding_mode:pss"],
        ],
        ids=" ".join,
    )
    def test_other_schemes_of_the_same_key_do_not_pass(
        self, signer: Signer, receiver: Receiver, options: list[str]
    ) -> None:
        raw = openssl("dgst", *options, "-sign", str(signer.private), stdin=ENDED)
        with pytest.raises(InvalidSignatureError):
            receiver.verify(ENDED, {"rtk-signature": base64.b64encode(raw).decode()})

    def test_an_hmac_does_not_pass(self, receiver: Receiver) -> None:
        """Many projects check an HMAC instead; the platform has no shared secret."""
        import hashlib
        import hmac

        digest = hmac.new(b"secret", ENDED, hashlib.sha256)
        for signature in (digest.hexdigest(), base64.b64encode(digest.digest()).decode()):
            with pytest.raises(InvalidSignatureError):
                receiver.verify(ENDED, {"rtk-signature": signature})


# --- properties -------------------------------------------------------------------------------------------------------

near_copies = st.one_of(
    st.tuples(st.just("flip"), st.integers(0, 10**6)),
    st.tuples(st.just("drop"), st.integers(0, 10**6)),
    st.tuples(st.just("double"), st.integers(0, 10**6)),
    st.tuples(st.just("append"), st.integers(0, 255)),
    st.tuples(st.just("prepend"), st.integers(0, 255)),
)


def changed(original: bytes, how: tuple[str, int]) -> bytes:
    kind, number = how
    at = number % len(original)
    match kind:
        case "flip":
            return original[:at] + bytes([original[at] ^ (1 << number % 8)]) + original[at + 1 :]
        case "drop":
            return original[:at] + original[at + 1 :]
        case "double":
            return original[: at + 1] + original[at:]
        case "append":
            return original + bytes([number])
        case _:
            return bytes([number]) + original


@given(near_copies)
@settings(deadline=None, max_examples=200)
def test_no_near_copy_of_the_body_passes(signer: Signer, receiver: Receiver, how: tuple[str, int]) -> None:
    body = changed(ENDED, how)
    assert body != ENDED or how[0] == "double"
    if body != ENDED:
        with pytest.raises(InvalidSignatureError):
            receiver.verify(body, signer.headers(ENDED))


@given(near_copies)
@settings(deadline=None, max_examples=200)
def test_no_near_copy_of_the_signature_passes(signer: Signer, receiver: Receiver, how: tuple[str, int]) -> None:
    right = signer.signature(ENDED)
    for wrong in (
        changed(right.encode(), how),
        base64.b64encode(changed(base64.b64decode(right), how)),
    ):
        if wrong != right.encode():
            with pytest.raises((InvalidSignatureError, MissingSignatureError)):
                receiver.verify(ENDED, {b"rtk-signature": wrong})


def test_other_encodings_of_the_same_signature_do_not_pass(signer: Signer, receiver: Receiver) -> None:
    right = signer.signature(ENDED)
    assert right.endswith("==")
    # the last character before the padding has four bits that no decoder reads
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet.index(right[-3])
    twin = right[:-3] + alphabet[last ^ 1] + "=="
    assert base64.b64decode(twin) == base64.b64decode(right)
    urlsafe = right.replace("+", "-").replace("/", "_")
    line_ends = right[:76] + "\n" + right[76:]
    hexadecimal = base64.b64decode(right).hex()
    for wrong in (twin, right.rstrip("="), right + "=", f" {right}", f"{right}\n", line_ends, hexadecimal):
        with pytest.raises(InvalidSignatureError):
            receiver.verify(ENDED, {"rtk-signature": wrong})
    if urlsafe != right:
        with pytest.raises(InvalidSignatureError):
            receiver.verify(ENDED, {"rtk-signature": urlsafe})


def test_leading_zeros_do_not_pass(signer: Signer, receiver: Receiver) -> None:
    """As an integer it would be the same signature."""
    raw = b"\0" + base64.b64decode(signer.signature(ENDED))
    with pytest.raises(InvalidSignatureError):
        receiver.verify(ENDED, {"rtk-signature": base64.b64encode(raw).decode()})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
bodies = st.one_of(
    st.binary(max_size=200),
    json_values.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {"event": st.sampled_from([*Event.types, "meeting.new", "", None, 1])},
        optional=dict.fromkeys(("meeting", "recording", "participant", "status", "organizedBy"), json_values),
    ).map(lambda value: json.dumps(value).encode()),
)
names = st.sampled_from(["rtk-signature", "RTK-Signature", "dyte-signature", "rtk-uuid", "rtk-webhook-id", "x"])
texts = st.text(max_size=50) | st.binary(max_size=50)
any_headers = st.lists(
    st.tuples(names | names.map(str.encode) | texts, texts | st.lists(texts, max_size=2)), max_size=5
)


@given(body=bodies, headers=any_headers, signed=st.booleans(), as_mapping=st.booleans())
@example(body=b"[" * 100_000, headers=[], signed=True, as_mapping=False)
@example(body=b'{"event": "meeting.ended", "n": ' + b"9" * 5000 + b"}", headers=[], signed=True, as_mapping=True)
@example(body=b'{"event": "meeting.ended", "meeting": "none"}', headers=[], signed=True, as_mapping=True)
@fuzzed(100)
def test_no_input_raises_anything_else(
    signer: Signer,
    body: bytes,
    headers: list[Any],
    signed: bool,
    as_mapping: bool,
) -> None:
    receiver = Receiver(signer.pem, app_id="app-1")
    if signed:
        headers = [*headers, ("rtk-signature", signer.signature(body))]
    refused: WebhookError | None = None
    event: Event | None = None
    try:
        event = receiver.verify(body, dict(headers) if as_mapping else headers)
    except WebhookError as error:
        refused = error
    if refused is not None:
        assert refused.status in {400, 401}
        assert signer.signature(body) not in str(refused)
    if event is not None:
        assert signed
        assert repr(event)
        assert event.to_dict()["event"] == event.type


# --- headers ----------------------------------------------------------------------------------------------------------


def test_headers_of_every_kind_are_read(signer: Signer, receiver: Receiver) -> None:
    import email.message

    from starlette.datastructures import Headers as StarletteHeaders
    from werkzeug.datastructures import Headers as WerkzeugHeaders

    plain = signer.headers(ENDED, delivery_id="delivery-1")
    pairs = list(plain.items())
    message = email.message.Message()
    for name, value in pairs:
        message[name] = value
    kinds: list[Any] = [
        plain,
        pairs,
        tuple(pairs),
        iter(pairs),
        {name.upper(): value for name, value in pairs},
        {name.title(): value for name, value in pairs},
        {name.encode(): value.encode() for name, value in pairs},
        [(name.encode(), value.encode()) for name, value in pairs],
        {name: [value] for name, value in pairs},
        {name.replace("rtk-", "dyte-"): value for name, value in pairs},
        {name.replace("rtk-", "Dyte-"): value for name, value in pairs},
        [*pairs, *pairs],
        StarletteHeaders(plain),
        WerkzeugHeaders(pairs),
        message,
    ]
    for headers in kinds:
        event = receiver.verify(ENDED, headers)
        assert (event.delivery_id, event.webhook_id) == ("delivery-1", "hook-1"), headers


def test_the_newer_prefix_takes_precedence(signer: Signer, receiver: Receiver) -> None:
    headers = signer.headers(ENDED, delivery_id="new") | {"dyte-uuid": "old", "dyte-signature": "nonsense"}
    assert receiver.verify(ENDED, headers).delivery_id == "new"
    headers["rtk-signature"] = ""
    headers["dyte-signature"] = signer.signature(ENDED)
    assert receiver.verify(ENDED, headers).delivery_id == "new"


def test_two_different_signatures_are_refused(signer: Signer, receiver: Receiver) -> None:
    headers = [("rtk-signature", signer.signature(ENDED)), ("RTK-Signature", signer.signature(b"another"))]
    for order in (headers, headers[::-1]):
        with pytest.raises(InvalidSignatureError, match="twice"):
            receiver.verify(ENDED, order)


@pytest.mark.parametrize("headers", [None, 1, "rtk-signature: x", b"x", ["a", "bcd"], [1], {"a"}, [("a", "b", "c")]])
def test_invalid_headers(receiver: Receiver, headers: Any) -> None:
    with pytest.raises(TypeError, match="headers must be a mapping or pairs"):
        receiver.verify(ENDED, headers)


# --- what is refused, and how -----------------------------------------------------------------------------------------


def test_without_a_signature(receiver: Receiver) -> None:
    for headers in ({}, {"rtk-signature": ""}, {"rtk-uuid": "x"}, {"x-signature": "y"}):
        with pytest.raises(MissingSignatureError, match="no rtk-signature header") as caught:
            receiver.verify(ENDED, headers)
        assert caught.value.status == 401


@pytest.mark.parametrize("body", ['{"event": "x"}', {"event": "x"}, None, bytearray(b"{}"), ["x"]], ids=repr)
def test_a_body_that_is_not_raw(receiver: Receiver, async_receiver: AsyncReceiver, body: Any) -> None:
    with pytest.raises(TypeError, match=f"body must be the raw bytes, not {type(body).__name__}: "):
        receiver.verify(body, {})
    with pytest.raises(TypeError, match="raw bytes"):
        asyncio.run(async_receiver.verify(body, {}))


def test_a_body_that_is_too_large(signer: Signer) -> None:
    receiver = Receiver(signer.pem, max_body=len(ENDED))
    receiver.verify(ENDED, signer.headers(ENDED))
    longer = ENDED + b" "
    with pytest.raises(BodyTooLargeError, match=r"max_body=") as caught:
        receiver.verify(longer, signer.headers(longer))
    assert caught.value.status == 413


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"[]", b"null", b"{}", b'{"event": null}', b'{"event": 1}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_signed_body_that_is_not_an_event(signer: Signer, receiver: Receiver, body: bytes) -> None:
    with pytest.raises(MalformedEventError) as caught:
        receiver.verify(body, signer.headers(body))
    assert caught.value.status == 400


class TestWhoseItIs:
    @pytest.mark.parametrize("sample", samples.ALL, ids=lambda sample: sample["event"])
    def test_the_app(self, signer: Signer, sample: dict[str, Any]) -> None:
        body, headers = signer.delivery(sample)
        assert Receiver(signer.pem, app_id="app-1").verify(body, headers).app_id == "app-1"
        with pytest.raises(ForeignEventError, match="'app-1', not for app_id=") as caught:
            Receiver(signer.pem, app_id="app-2").verify(body, headers)
        assert caught.value.status == 401

    def test_an_event_that_names_no_app_passes(self, signer: Signer) -> None:
        body, headers = signer.delivery({"event": "recording.statusUpdate", "recording": {"id": "rec-1"}})
        assert Receiver(signer.pem, app_id="app-2").verify(body, headers).app_id is None

    @pytest.mark.parametrize("make", [Receiver, AsyncReceiver])
    def test_the_configured_app_is_the_default(
        self, signer: Signer, make: type[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        receiver = make(signer.pem)  # at import, before anything is configured

        def verify(receiver: Any) -> Any:
            verified = receiver.verify(*signer.delivery(samples.ENDED))
            return asyncio.run(verified) if make is AsyncReceiver else verified

        assert receiver.app_id is None
        assert verify(receiver).app_id == "app-1"
        monkeypatch.setenv("REALTIMEKIT_APP_ID", "app-2")
        assert repr(receiver) == f"<{make.__name__} app_id='app-2'>"
        with pytest.raises(ForeignEventError, match="'app-1', not for app_id='app-2'"):
            verify(receiver)
        assert verify(make(signer.pem, app_id=None)).app_id == "app-1"
        monkeypatch.setattr(realtimekit.settings, "_configured", {"app_id": "app-1"})
        assert verify(receiver).app_id == "app-1"
        kind = AsyncRealtimeKit if make is AsyncReceiver else RealtimeKit
        client: Any = kind(api_token="x", account_id="a", app_id="app-3")
        with pytest.raises(ForeignEventError, match="app_id='app-3'"):
            verify(make(signer.pem, client=client))
        if make is Receiver:
            client.close()

    def test_the_webhook(self, signer: Signer) -> None:
        receiver = Receiver(signer.pem, webhook_ids=["hook-1", "hook-2"])
        receiver.verify(*signer.delivery(samples.ENDED, webhook_id="hook-2"))
        with pytest.raises(ForeignEventError, match="'hook-3'"):
            receiver.verify(*signer.delivery(samples.ENDED, webhook_id="hook-3"))
        with pytest.raises(ForeignEventError, match="None"):
            receiver.verify(ENDED, {"rtk-signature": signer.signature(ENDED)})


def test_both_modes_agree(signer: Signer, receiver: Receiver, async_receiver: AsyncReceiver) -> None:
    body, headers = signer.delivery(samples.ENDED)
    assert asyncio.run(async_receiver.verify(body, headers)).to_dict() == receiver.verify(body, headers).to_dict()
    with pytest.raises(InvalidSignatureError):
        asyncio.run(async_receiver.verify(body + b" ", headers))


def test_no_message_contains_the_signature_or_the_body(signer: Signer, receiver: Receiver) -> None:
    body, headers = signer.delivery({**samples.LIVESTREAM, "streamKey": "the-secret"})
    wrong = {**headers, "rtk-signature": signer.signature(b"another")}
    with pytest.raises(InvalidSignatureError) as caught:
        receiver.verify(body, wrong)
    assert wrong["rtk-signature"][:20] not in str(caught.value)
    assert "the-secret" not in str(caught.value) + repr(receiver)
