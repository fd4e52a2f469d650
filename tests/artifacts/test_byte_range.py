"""Parts of files, as a player asks for them: from storages of every kind."""

from __future__ import annotations

import pytest

from realtimekit import RealtimeKit
from realtimekit.artifacts.byte_range import Part, read_part
from realtimekit.errors import APIConnectionError, APIError, DecodeError

from .storage import DATA, SIGNATURE, TOKEN, Act, Storage, cut, raw, says


def read(storage: Storage, start: int, size: int) -> Part:
    with RealtimeKit(
        api_token=TOKEN, account_id="a", app_id="b", base_url=f"{storage.url}/client/v4", timeout=5, max_retries=0,
        transport="httpcore2",
    ) as client:  # fmt: skip
        return client.run(read_part(client.settings, client.sessions.ref("sess").chat, start, size))


def partial(start: int, end: int, total: object = len(DATA)) -> Act:
    return says(
        DATA[start:end], status="206 Partial Content", headers=(f"Content-Range: bytes {start}-{end - 1}/{total}",)
    )


@pytest.mark.parametrize(("start", "size"), [(0, 1), (0, 1000), (200_000, 1000), (len(DATA) - 5, 1000)])
def test_a_part(start: int, size: int) -> None:
    end = min(start + size, len(DATA))
    with Storage(partial(start, end)) as storage:
        assert read(storage, start, size) == Part(DATA[start:end], len(DATA))
        assert storage.ranges == [f"bytes={start}-{start + size - 1}"]
        assert "authorization" not in storage.asked[0].headers


def test_a_storage_that_ignores_the_range() -> None:
    with Storage(says(DATA), says(DATA)) as storage:
        assert read(storage, 300_000, 10) == Part(DATA[300_000:300_010], len(DATA))
        assert read(storage, 0, 10) == Part(DATA[:10], len(DATA))


def test_more_than_was_asked_for() -> None:
    with Storage(partial(100, 5000)) as storage:
        assert read(storage, 100, 10).content == DATA[100:110]


def test_a_total_that_is_not_said() -> None:
    with Storage(partial(100, 110, "*")) as storage:
        assert read(storage, 100, 10) == Part(DATA[100:110], None)


def test_behind_the_end() -> None:
    refusal = says(status="416 Range Not Satisfiable", headers=(f"Content-Range: bytes */{len(DATA)}",))
    with Storage(refusal) as storage:
        assert read(storage, 500_000, 10) == Part(b"", len(DATA))


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "410 Gone"])
def test_an_expired_link_is_refreshed_once(status: str) -> None:
    with Storage(says(status=status), partial(5, 10)) as storage:
        assert read(storage, 5, 5).content == DATA[5:10]
    with Storage(says(status=status), says(status=status)) as storage:
        with pytest.raises(APIError) as caught:
            read(storage, 5, 5)
        assert SIGNATURE not in str(caught.value)


def test_another_part_is_an_error() -> None:
    with Storage(partial(6, 11)) as storage, pytest.raises(APIConnectionError, match="another part"):
        read(storage, 5, 5)


@pytest.mark.parametrize("act", [raw(b""), cut(10)])
def test_a_broken_connection(act: Act) -> None:
    with Storage(act) as storage, pytest.raises(APIConnectionError):
        read(storage, 0, 1000)


def test_a_link_of_another_kind() -> None:
    with Storage(link="file:///etc/passwd") as storage, pytest.raises(DecodeError):
        read(storage, 0, 10)
