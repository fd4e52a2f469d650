"""`webhooks verify`: what is wrong with a delivery, reported once."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from realtimekit.emulator import Emulator

from .command import environment, error_line, invoke, invoke_ok

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
BODY = b'{"event": "meeting.ended", "meeting": {"id": "m-1", "sessionId": "s-1", "title": "Z\xc3\xbcrich"}}'


def signature(body: bytes) -> str:
    return base64.b64encode(KEY.sign(body, padding.PKCS1v15(), SHA256())).decode()


def verify(tmp_path: Path, body: bytes, *headers: str, form: tuple[str, ...] = ()) -> tuple[int, str]:
    (tmp_path / "key.pem").write_bytes(PEM)
    (tmp_path / "body").write_bytes(body)
    given = [word for header in headers for word in ("--header", header)]
    files = ("--body", str(tmp_path / "body"), "--public-key", str(tmp_path / "key.pem"))
    result = invoke("webhooks", "verify", *files, *given, *form, env=environment())
    return result.exit_code, result.stdout + result.stderr


def test_verify(tmp_path: Path) -> None:
    headers = (f"RTK-Signature: {signature(BODY)}", "rtk-uuid: d-1")
    code, text = verify(tmp_path, BODY, *headers)
    assert (code, text.splitlines()[0]) == (0, "Verified: meeting.ended of the session s-1")
    code, text = verify(tmp_path, BODY, *headers, form=("--json",))
    document = json.loads(text)
    assert (code, document["verified"], document["delivery_id"], document["webhook_id"]) == (0, True, "d-1", None)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (BODY + b"\n", "this body without the newline at its end"),
        (BODY + b"\r\n", "this body without the newline at its end"),
        (b"\xef\xbb\xbf" + BODY, "without the byte order mark"),
        (BODY.decode().encode("utf-16"), "in UTF-8"),
        ((BODY.decode() + "\r\n").encode("utf-16"), "in UTF-8, without the newline"),
        (BODY.decode("latin-1").encode(), "read as UTF-8 instead of Latin-1"),
        (base64.b64encode(BODY), "decoded from base64"),
        (b"POST /hooks HTTP/1.1\r\nhost: x\r\n\r\n" + BODY, "without the headers before it"),
        (json.dumps(json.loads(BODY), indent=2).encode(), "before it was parsed and reserialized (with spaces)"),
        (BODY.replace(b"m-1", b"m-2"), "the key is right, but the body"),
        (b"", "the body (0 bytes) is not the one that was signed"),
        (b"[" * 100_000, "the body (100000 bytes) is not the one that was signed"),
    ],
)
def test_verify_finds_how_the_body_was_changed(tmp_path: Path, body: bytes, why: str) -> None:
    code, text = verify(tmp_path, body, f"rtk-signature: {signature(BODY)}")
    assert (code, text.count("Not verified: ")) == (1, 1)
    assert why in text
    code, text = verify(tmp_path, body, f"rtk-signature: {signature(BODY)}", form=("--json",))
    document = json.loads(text)
    assert (code, document["wrong"], why in document["problem"]) == (1, "body", True)
    assert "keep the raw bytes" in document["cures"][-1]


@pytest.mark.parametrize(
    ("header", "wrong", "why"),
    [
        ("x-signature: abc", "header", "the headers are: x-signature"),
        (f"rtk-signature: {signature(BODY)[:-3]}", "header", "its end is missing"),
        (f"rtk-signature: {'ab' * 32}", "header", "HMAC in hex"),
        (f"rtk-signature: {base64.b64encode(b'x' * 32).decode()}", "header", "32 bytes, too few"),
        (f"rtk-signature: {base64.urlsafe_b64encode(b'>>??' * 64).decode()}", "header", "base64url"),
        (f"rtk-signature: {base64.b64encode(b'x' * 256).decode()}", "key", "not made with the key in --public-key"),
        (f"rtk-signature: {base64.b64encode(b'x' * 512).decode()}", "key", "not made with the key in --public-key"),
    ],
)
def test_verify_says_what_is_wrong_with_the_signature(tmp_path: Path, header: str, wrong: str, why: str) -> None:
    code, text = verify(tmp_path, BODY, header, form=("--json",))
    document = json.loads(text)
    assert (code, document["wrong"], why in document["problem"]) == (1, wrong, True), text
    code, text = verify(tmp_path, BODY, header)
    assert text.startswith(f"Not verified: {document['problem']}\nWhat to do:\n  1. ")
    assert signature(BODY)[:40] not in text


def test_verify_a_duplicate_header(tmp_path: Path) -> None:
    _, text = verify(tmp_path, BODY, f"rtk-signature: {signature(BODY)}", "RTK-Signature: other", form=("--json",))
    document = json.loads(text)
    assert (document["wrong"], "twice" in document["problem"]) == ("header", True)


def test_verify_signed_nonsense(tmp_path: Path) -> None:
    code, text = verify(tmp_path, b"hello", f"rtk-signature: {signature(b'hello')}")
    assert (code, text) == (1, "Not verified: the signature is valid, but the body is not JSON\n")


def test_verify_with_the_key_of_another_run_of_the_emulator(tmp_path: Path) -> None:
    """Each run has a new key, unless the emulator has a database file."""
    (tmp_path / "body").write_bytes(BODY)
    given = ("--body", str(tmp_path / "body"), "--header", f"rtk-signature: {signature(BODY)}")
    with Emulator() as emulator, emulator.serve() as server:
        result = invoke("webhooks", "verify", *given, env=environment(REALTIMEKIT_BASE_URL=server.base_url))
    assert result.exit_code == 1
    assert f"not made with the key at {server.base_url.removesuffix('/client/v4')}/.well-known" in result.stdout
    assert "1. an emulator creates a new key whenever it starts" in result.stdout


@pytest.mark.parametrize("first", ["", "POST /hooks HTTP/1.1\r\n", "\ufeff"])
def test_verify_with_a_file_of_headers(tmp_path: Path, first: str) -> None:
    (tmp_path / "head").write_bytes(f"{first}RTK-Signature: {signature(BODY)}\r\nrtk-uuid: d-1\r\n\r\n".encode())
    (tmp_path / "key.pem").write_bytes(PEM)
    (tmp_path / "body").write_bytes(BODY)
    files = [word for name in ("body", "head", "key.pem") for word in (OPTION[name], str(tmp_path / name))]
    document = json.loads(invoke_ok("webhooks", "verify", *files, "--json", env=environment()))
    assert (document["verified"], document["delivery_id"]) == (True, "d-1")


OPTION = {"body": "--body", "head": "--headers", "key.pem": "--public-key"}


def test_verify_without_a_key(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(BODY)
    given = ("--body", str(tmp_path / "body"), "--header", f"rtk-signature: {signature(BODY)}")
    result = invoke("webhooks", "verify", *given, "--key-url", "http://127.0.0.1:1/", env=environment())
    assert result.exit_code == 1
    assert "--public-key" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--header", "rtk-signature: x"),
        ("--body", "{body}", "--header", "no colon"),
        ("--body", "{body}", "--header", ": x"),
        ("--body", "{body}"),
        ("--body", "{body}", "--headers", "{body}"),
        ("--body", "{body}/none", "--header", "a: b"),
        ("--body", "{body}", "--header", "a: b", "--public-key", "{body}", "--key-url", "https://x.example/"),
    ],
)
def test_verify_wrong_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "body").write_bytes(b"nonsense")
    filled = [word.format(body=tmp_path / "body") for word in arguments]
    result = invoke("webhooks", "verify", *filled, env=environment())
    assert (result.exit_code, result.stdout) == (2, "")


def test_verify_with_an_invalid_key_file(tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(BODY)
    files = ("--body", str(tmp_path / "body"), "--public-key", str(tmp_path / "body"))
    assert "not a public key" in error_line("webhooks", "verify", *files, "--header", "a: b", env=environment())
