"""Object storage that answers 503, 412, slowly, half or not at all; and one that knows nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from obstore.exceptions import GenericError

from realtimekit.archive import Archive
from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.targets import open_store

from .conftest import KEY, SECRET
from .faulty_s3 import FaultyS3
from .storage import Storage
from .worlds import HOUR, World, below

Act = Callable[[str, str, int], str]


def hold_one(world: World) -> str:
    held = world.hold("Alice", minutes=1)
    world.wait(2 * HOUR)
    return held.session_id


def every(number: int, what: str, *methods: str) -> Act:
    return lambda method, _, count: what if method in methods and count % number == 0 else "serve"


FAULTS: dict[str, Act] = {
    "503 now and then": every(5, "503", "GET", "PUT", "DELETE", "HEAD"),
    "503 after having written": every(4, "lost", "PUT", "POST"),
    "412 after having written": lambda method, path, _: "412" if method == "PUT" and "manifest" in path else "serve",
    "slow": lambda *_: "slow",
    "half": every(4, "half", "GET"),
    "cut": every(6, "cut", "GET", "PUT"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_storage_that_fails_now_and_then_is_overcome(
    world: World, s3: str, s3_port: int, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    session_id = hold_one(world)
    with FaultyS3(s3_port, FAULTS[fault]) as faulty:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faulty.endpoint)
        world.archive = Archive(s3)
        result = world.sync()
        assert (result.ok, result.completed, result.skipped) == (True, 1, 0), result
        assert [what for _, _, what in faulty.requests if what != "serve"]
        assert world.sync().ok
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{s3_port}")
    world.archive = Archive(s3)
    assert set(world.states(session_id).values()) == {"COPIED", "EMPTY"}
    assert world.manifest(session_id).revision == 1
    assert world.check_contents() == 9
    ledger = [entry.path for entry in world.archive.store.entries("ledger")]
    assert below(ledger, "/claims/") == below(ledger, "/open/") == []


def test_wrong_credentials_are_one_clear_line_without_a_key(
    world: World, s3: str, s3_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold_one(world)
    before = len(world.log())
    with FaultyS3(s3_port, lambda *_: "403") as faulty:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faulty.endpoint)
        world.archive = Archive(s3)
        with pytest.raises(ArchiveError, match=f"^{s3}: cannot read archive.json: ") as caught:
            world.sync()
        store = world.archive.store
        messages = [str(caught.value)]
        for action in (
            lambda: store.put("a", b"1"),
            lambda: store.create("a", b"1"),
            lambda: store.delete(["a"]),
            lambda: store.entries("a"),
            lambda: store.folders("a"),
            lambda: store.size("a"),
        ):
            with pytest.raises(ArchiveError) as caught:
                action()
            messages.append(str(caught.value))
    for message in messages:
        assert "xml" not in message
        assert ": check AWS_ACCESS_KEY_ID, " in message
        assert "\n" not in message
        assert not [secret for secret in (KEY, SECRET, "5c0ffee", "Signature=") if secret in message], message
    assert len(world.log()) == before


def test_a_bucket_that_does_not_exist(world: World, s3: str) -> None:
    hold_one(world)
    world.archive = Archive("s3://another-bucket/archive")
    with pytest.raises(ArchiveError, match="s3://another-bucket/archive") as caught:
        world.sync()
    assert "\n" not in str(caught.value)
    assert s3 not in str(caught.value)
    assert ": cannot list: " in str(caught.value)
    assert str(caught.value).endswith(": does the bucket exist, and is AWS_ENDPOINT_URL right?")


def test_missing_credentials_are_named(s3_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    with FaultyS3(s3_port, lambda *_: "403") as faulty:
        monkeypatch.setenv("AWS_METADATA_ENDPOINT", faulty.endpoint)  # in place of the one of a machine at AWS
        with pytest.raises(ArchiveError, match="no credentials were found: set AWS_ACCESS_KEY_ID"):
            open_store("s3://bucket/x").read("archive.json")


def test_an_endpoint_that_cannot_be_reached_is_named(storage: Storage) -> None:
    def refuse(_verb: str, _path: str) -> None:  # as obstore does, but after ten attempts
        raise GenericError("Generic S3 error: HTTP error: error sending request")

    storage.before = refuse
    with pytest.raises(ArchiveError, match="is AWS_ENDPOINT_URL right"):
        open_store("s3://bucket/x").read("archive.json")


@pytest.mark.parametrize("endpoint", ["", "minio:9000", "http://", "https://a b", "http://[::1"])
def test_an_endpoint_that_is_no_url_is_named(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Before obstore sees it, which would panic."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(ArchiveError, match=r"^AWS_ENDPOINT_URL='.*' is no URL: give https://HOST"):
        open_store("s3://bucket/x")


def test_plain_http_only_where_an_endpoint_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        assert open_store("s3://bucket/x").target == "s3://bucket/x"
        monkeypatch.delenv(name)
