"""Downloads over real connections that break, storage that fails, links that expire: each in all four ways."""

from __future__ import annotations

import asyncio
import gzip
import io
import traceback
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from realtimekit import (
    APIConnectionError,
    APIError,
    AsyncRealtimeKit,
    DecodeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    interfaces,
)
from realtimekit.artifacts.resumable_download import MIN_PROGRESS
from tests.transports.loopback import Connection, Received, Server, answer

from .storage import DATA, SIGNATURE, TOKEN, Act, Storage, Way, cut, left, raw, says

SIZE = len(DATA)
DATE, LATER = "Wed, 03 Jun 2026 10:00:00 GMT", "Wed, 03 Jun 2026 10:00:01 GMT"


def starts(storage: Storage) -> list[int]:
    """The position from which each request asked for the file."""
    return [0 if wanted is None else int(wanted.removeprefix("bytes=").removesuffix("-")) for wanted in storage.ranges]


def assert_resumed(storage: Storage, *positions: int) -> None:
    """Or from a little before: pyreqwest loses the last chunk before the connection breaks."""
    assert len(storage.asked) == len(positions)
    for start, position in zip(starts(storage), positions, strict=True):
        assert start == position or 0 < position - start < MIN_PROGRESS


def assert_tells_no_secret(error: BaseException) -> None:
    """Neither in its message nor in the local variables of our frames, which error trackers send."""
    told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    ours = [part for part in told.split("  File ") if "/realtimekit/" in part.split("\n")[0]]
    assert ours
    assert not [part for part in [*ours, str(error)] if SIGNATURE in part or TOKEN in part]


class TestWhole:
    def test_a_file_arrives_as_it_is(self, way: Way, tmp_path: Path) -> None:
        seen: list[tuple[int, int | None]] = []
        with Storage() as storage:
            path = way.download(storage, tmp_path / "mine.bin", progress=lambda *sizes: seen.append(sizes))
        assert path == tmp_path / "mine.bin"
        assert path.read_bytes() == DATA
        assert left(tmp_path) == ["mine.bin"]
        assert seen[-1] == (SIZE, SIZE)
        assert len(seen) > 1
        assert seen == sorted(seen)
        assert {total for _, total in seen} == {SIZE}

    def test_the_storage_never_sees_the_token(self, way: Way, tmp_path: Path) -> None:
        with Storage(cut(1000)) as storage:
            way.download(storage, tmp_path / "f")
            for request in storage.asked:
                assert "authorization" not in request.headers
                assert TOKEN not in repr(request)
                assert request.headers["accept-encoding"] == "identity"
                assert request.target == f"/chat.csv?n=1&signature={SIGNATURE}"

    def test_an_empty_file_is_a_file(self, way: Way, tmp_path: Path) -> None:
        with Storage(data=b"") as storage:
            assert way.download(storage, str(tmp_path / "empty")).read_bytes() == b""

    def test_an_existing_file_is_replaced(self, way: Way, tmp_path: Path) -> None:
        (tmp_path / "f").write_bytes(b"older and longer" * 50_000)
        with Storage() as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA

    @pytest.mark.parametrize(
        "chunks",
        [b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"5\r\nabcde\r\n0\r\n\r\n"],
    )
    def test_a_file_of_unknown_size(self, way: Way, tmp_path: Path, chunks: bytes) -> None:
        seen: list[tuple[int, int | None]] = []
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        with Storage(raw(head + chunks)) as storage:
            path = way.download(storage, tmp_path / "f", progress=lambda *sizes: seen.append(sizes))
        assert path.read_bytes() == b"abcde"
        assert seen[-1] == (5, None)

    def test_storage_that_compresses_anyway(self, way: Way, tmp_path: Path) -> None:
        with Storage(says(gzip.compress(DATA), headers=("Content-Encoding: gzip",))) as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA

    def test_into_memory(self, way: Way) -> None:
        with Storage(cut(MIN_PROGRESS * 2)) as storage:
            assert way.do(storage.url, lambda chat: chat.read()) == DATA


class TestCuts:
    def test_three_broken_connections(self, way: Way, tmp_path: Path) -> None:
        seen: list[tuple[int, int | None]] = []
        positions = [MIN_PROGRESS * 2 + 1, MIN_PROGRESS * 4, MIN_PROGRESS * 6 + 7]
        with Storage(*map(cut, positions)) as storage:
            path = way.download(storage, tmp_path / "f", progress=lambda *sizes: seen.append(sizes))
        assert path.read_bytes() == DATA
        assert_resumed(storage, 0, *positions)
        assert [request.headers.get("if-range") for request in storage.asked] == [None, *['"v1"'] * 3]
        assert seen == sorted(seen)

    @pytest.mark.parametrize("retries", [0, 1, 2])
    def test_attempts_without_progress_are_limited(self, way: Way, tmp_path: Path, retries: int) -> None:
        (tmp_path / "f").write_bytes(b"before")
        with Storage(*[cut(10)] * 9) as storage, pytest.raises(APIConnectionError) as caught:
            way.download(storage, tmp_path / "f", settings={"max_retries": retries})
        assert len(storage.asked) == retries + 1
        assert (tmp_path / "f").read_bytes() == b"before"
        assert left(tmp_path) == ["f"]
        assert (caught.value.method, caught.value.path) == ("GET", f"{storage.url}/chat.csv")

    def test_progress_restores_the_attempts(self, way: Way, tmp_path: Path) -> None:
        positions = [MIN_PROGRESS * 2 * n for n in (1, 2, 3)]
        with Storage(*[act for position in positions for act in (cut(position), says(status="503 Busy"))]) as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA
        assert_resumed(storage, 0, *[position for position in positions for _ in "ab"])

    def test_a_trickle_is_not_progress(self, way: Way, tmp_path: Path) -> None:
        with Storage(*[cut(10 * n) for n in range(1, 9)]) as storage, pytest.raises(APIConnectionError):
            way.download(storage, tmp_path / "f")
        assert len(storage.asked) == 3

    def test_zero_retries(self, way: Way, tmp_path: Path) -> None:
        with Storage(cut(MIN_PROGRESS * 2)) as storage, pytest.raises(APIConnectionError):
            way.download(storage, tmp_path / "f", settings={"max_retries": 0})
        assert left(tmp_path) == []

    def test_without_range_support_the_download_starts_over(self, way: Way, tmp_path: Path) -> None:
        with Storage(cut(MIN_PROGRESS * 2), says(DATA)) as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA
        assert_resumed(storage, 0, MIN_PROGRESS * 2)

    def test_a_shorter_replacement_leaves_nothing_of_the_first_file(self, way: Way, tmp_path: Path) -> None:
        with Storage(cut(MIN_PROGRESS * 2), says(b"newer", headers=('ETag: "v2"',))) as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == b"newer"

    @pytest.mark.parametrize(
        "headers",
        [
            ("Content-Range: bytes 0-{last}/{size}",),
            ("Content-Range: bytes {next}-{last}/{size}",),
            ("Content-Range: bytes {start}-{last}/{other}",),
            ("Content-Range: bytes {start}-{last}/{size}", 'ETag: "v2"'),
            ("Content-Range: pages 1-2/3",),
            (),
        ],
    )
    def test_a_wrong_range_is_not_accepted(self, way: Way, tmp_path: Path, headers: tuple[str, ...]) -> None:
        def wrong(storage: Storage, connection: Connection, request: Received) -> None:
            start = starts(storage)[-1]
            names = {"start": start, "next": start + 1, "last": SIZE - 1, "size": SIZE, "other": SIZE + 1}
            lines = tuple(line.format(**names) for line in headers)
            says(b"wrong" * 100, status="206 Partial Content", headers=lines)(storage, connection, request)

        with Storage(cut(MIN_PROGRESS * 2), wrong) as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA
        assert_resumed(storage, 0, MIN_PROGRESS * 2, 0)

    def test_a_range_that_is_refused_after_another(self, way: Way, tmp_path: Path) -> None:
        acts = [cut(MIN_PROGRESS * 2), cut(MIN_PROGRESS * 4), says(status="416 Range Not Satisfiable")]
        with Storage(*acts) as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA
        assert_resumed(storage, 0, MIN_PROGRESS * 2, MIN_PROGRESS * 4, 0)

    def test_after_a_refused_range_the_download_starts_over(self, way: Way, tmp_path: Path) -> None:
        with Storage(cut(MIN_PROGRESS * 2), says(status="416 Range Not Satisfiable")) as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA
        assert_resumed(storage, 0, MIN_PROGRESS * 2, 0)

    @pytest.mark.parametrize(
        "known",
        [
            'ETag: W/"weak"',
            "X-Nothing: y",
            f"Last-Modified: {DATE}",  # without a Date nobody knows whether the file can change again in that second
            f"Last-Modified: {DATE}\r\nDate: {DATE}",
            f'ETag: W/"weak"\r\nLast-Modified: {DATE}\r\nDate: {LATER}',
        ],
    )
    def test_without_a_strong_validator_the_download_starts_over(self, way: Way, tmp_path: Path, known: str) -> None:
        """The file has been replaced by another one of the same size, and the storage honors every range."""
        newer = DATA[::-1]
        head = f"HTTP/1.1 200 OK\r\n{known}\r\nContent-Length: {SIZE}\r\n\r\n".encode()
        with Storage(raw(head + DATA[: MIN_PROGRESS * 2]), data=newer) as storage:
            storage.etag = 'W/"weak"'
            assert way.download(storage, tmp_path / "f").read_bytes() == newer
        assert storage.ranges == [None, None]
        assert "if-range" not in storage.asked[1].headers

    def test_last_modified_is_a_validator(self, way: Way, tmp_path: Path) -> None:
        date = DATE
        known = f"Last-Modified: {date}\r\nDate: {LATER}"
        head = f"HTTP/1.1 200 OK\r\n{known}\r\nContent-Length: {SIZE}\r\n\r\n".encode()

        def rest(storage: Storage, connection: Connection, request: Received) -> None:
            start = starts(storage)[-1]
            headers = (f"Content-Range: bytes {start}-{SIZE - 1}/{SIZE}", f"Last-Modified: {date}")
            says(DATA[start:], status="206 Partial Content", headers=headers)(storage, connection, request)

        with Storage(raw(head + DATA[: MIN_PROGRESS * 2]), rest) as storage:
            storage.etag = date
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA
        assert storage.asked[1].headers["if-range"] == date
        assert_resumed(storage, 0, MIN_PROGRESS * 2)

    @pytest.mark.parametrize("proof", ['ETag: "v2"', 'ETag: W/"v1"', "X-Nothing: y"])
    def test_a_range_of_another_version_is_not_taken(self, way: Way, tmp_path: Path, proof: str) -> None:
        """Storage that ignores If-Range sends the rest of a file that has changed."""
        newer = DATA[::-1]

        def rest(storage: Storage, connection: Connection, request: Received) -> None:
            start = starts(storage)[-1]
            headers = (f"Content-Range: bytes {start}-{SIZE - 1}/{SIZE}", proof)
            says(newer[start:], status="206 Partial Content", headers=headers)(storage, connection, request)

        with Storage(cut(MIN_PROGRESS * 2), rest) as storage:
            storage.data = DATA[: MIN_PROGRESS * 2] + newer[MIN_PROGRESS * 2 :]
            path = way.download(storage, tmp_path / "f", settings={"max_retries": 1})
            assert path.read_bytes() == storage.data
        assert_resumed(storage, 0, MIN_PROGRESS * 2, 0)

    def test_a_range_behind_another_link_is_not_taken(self, way: Way, tmp_path: Path) -> None:
        """A validator is only comparable with others of the same file (RFC 9110, 8.8.3)."""
        newer = DATA[::-1]
        moved = says(status="302 Found", headers=("Location: /elsewhere",))
        with Storage(cut(MIN_PROGRESS * 2), moved, data=DATA) as storage:

            def elsewhere(storage: Storage, connection: Connection, request: Received) -> None:
                storage.data = newer
                storage.serve(connection, request)

            storage._acts.append(elsewhere)
            assert way.download(storage, tmp_path / "f").read_bytes() == newer
        assert [request.target.partition("?")[0] for request in storage.asked][:3] == [
            "/chat.csv", "/chat.csv", "/elsewhere",
        ]  # fmt: skip

    @pytest.mark.parametrize("total", ["*", str(SIZE)])
    def test_a_short_range_is_a_cut(self, way: Way, tmp_path: Path, total: str) -> None:
        def part(storage: Storage, connection: Connection, request: Received) -> None:
            start = starts(storage)[-1]
            headers = (f"Content-Range: bytes {start}-{start + MIN_PROGRESS - 1}/{total}", 'ETag: "v1"')
            body = DATA[start : start + MIN_PROGRESS]
            says(body, status="206 Partial Content", headers=headers)(storage, connection, request)

        chunk = b"%x\r\n" % MIN_PROGRESS + DATA[:MIN_PROGRESS] + b"\r\n"
        head = b'HTTP/1.1 200 OK\r\nETag: "v1"\r\nTransfer-Encoding: chunked\r\n\r\n'
        with Storage(raw(head + chunk), part) as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA

    def test_a_range_that_is_longer_than_it_says(self, way: Way, tmp_path: Path) -> None:
        def part(storage: Storage, connection: Connection, request: Received) -> None:
            start = starts(storage)[-1]
            headers = (f"Content-Range: bytes {start}-{start + 9}/{SIZE}", 'ETag: "v1"')
            says(b"x" * 100, status="206 Partial Content", headers=headers)(storage, connection, request)

        with Storage(cut(MIN_PROGRESS * 2), part) as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA
        assert_resumed(storage, 0, MIN_PROGRESS * 2, 0)

    def test_an_unrequested_range(self, way: Way, tmp_path: Path) -> None:
        headers = (f"Content-Range: bytes 0-9/{SIZE}", 'ETag: "v1"')
        part = says(DATA[:10], status="206 Partial Content", headers=headers)
        with Storage(*[part] * 9) as storage, pytest.raises(APIConnectionError, match="the whole file was requested"):
            way.download(storage, tmp_path / "f")
        assert len(storage.asked) == 3

    def test_starting_over_is_not_progress(self, way: Way, tmp_path: Path) -> None:
        """A download that always starts over has an end, wherever it is cut."""
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode()
        acts = [raw(head + DATA[: MIN_PROGRESS * 2]), raw(head + DATA[:10])]
        with Storage(*acts * 9) as storage, pytest.raises(APIConnectionError):
            way.download(storage, tmp_path / "f")
        assert len(storage.asked) == 3

    def test_without_validator_and_size_the_download_starts_over(self, way: Way, tmp_path: Path) -> None:
        chunk = b"%x\r\n" % MIN_PROGRESS + DATA[:MIN_PROGRESS] + b"\r\n"
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        with Storage(raw(head + chunk)) as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA
        assert storage.ranges == [None, None]

    @pytest.mark.parametrize("status", ["500 Oops", "503 Slow Down", "429 Too Many Requests", "408 Request Timeout"])
    def test_a_temporary_storage_error_is_retried(self, way: Way, tmp_path: Path, status: str) -> None:
        with Storage(says(status=status), cut(MIN_PROGRESS), says(status=status)) as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA

    @pytest.mark.parametrize(("status", "kind"), [("503 Slow Down", ServerError), ("429 Slow Down", RateLimitError)])
    def test_a_permanent_storage_error_is_raised(
        self, way: Way, tmp_path: Path, status: str, kind: type[APIError]
    ) -> None:
        with Storage(*[says(b"busy", status=status)] * 9) as storage, pytest.raises(kind):
            way.download(storage, tmp_path / "f")
        assert len(storage.asked) == 3
        assert left(tmp_path) == []

    def test_a_long_retry_after_is_left_to_the_caller(self, way: Way, tmp_path: Path) -> None:
        act = says(status="503 Slow Down", headers=("Retry-After: 900",))
        with Storage(act) as storage, pytest.raises(ServerError):
            way.download(storage, tmp_path / "f")
        assert len(storage.asked) == 1


class TestLinks:
    @pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "410 Gone"])
    def test_an_expired_link_is_refreshed(self, way: Way, tmp_path: Path, status: str) -> None:
        with Storage(says(b"<Error>expired</Error>", status=status)) as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA
        assert [request.target.split("&")[0] for request in storage.asked] == ["/chat.csv?n=1", "/chat.csv?n=2"]

    def test_a_link_that_expires_during_the_download(self, way: Way, tmp_path: Path) -> None:
        with Storage(cut(MIN_PROGRESS * 2), says(status="403 Forbidden")) as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA
        assert_resumed(storage, 0, MIN_PROGRESS * 2, MIN_PROGRESS * 2)
        assert storage.links == 2

    @pytest.mark.parametrize(
        ("status", "kind"),
        [("403 Forbidden", PermissionDeniedError), ("404 Not Found", NotFoundError), ("410 Gone", APIError)],
    )
    def test_a_link_is_refreshed_once(self, way: Way, tmp_path: Path, status: str, kind: type[APIError]) -> None:
        with Storage(*[says(b"<Error/>", status=status)] * 9) as storage, pytest.raises(kind) as caught:
            way.download(storage, tmp_path / "f")
        assert (len(storage.asked), storage.links) == (2, 2)
        assert left(tmp_path) == []
        assert caught.value.status == int(status[:3])
        assert "permission" not in str(caught.value)
        assert_tells_no_secret(caught.value)

    def test_the_error_of_a_broken_connection_shows_no_secret(self, way: Way, tmp_path: Path) -> None:
        with Storage(*[cut(10)] * 9) as storage, pytest.raises(APIConnectionError) as caught:
            way.download(storage, tmp_path / "f")
        assert_tells_no_secret(caught.value)

    def test_an_endless_error_body_is_not_read_to_its_end(self, way: Way, tmp_path: Path) -> None:
        def endless(_storage: Storage, connection: Connection, _request: Received) -> None:
            connection.send(b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                connection.send(b"400\r\n" + b"x" * 1024 + b"\r\n")

        with Storage(endless) as storage, pytest.raises(APIError, match="returned 400") as caught:
            way.download(storage, tmp_path / "f")
        assert len(str(caught.value)) < 1000

    @pytest.mark.parametrize(
        ("link", "message"),
        [
            (f"ftp://127.0.0.1/f?{SIGNATURE}", "of the kind 'ftp'"), ("file:///etc/passwd", "of the kind 'file'"),
            ("javascript:x", "of the kind 'javascript'"), ("/relative", "malformed"), ("https://", "malformed"),
            ("http://[::", "malformed"), ("http://127.0.0.1:99999/f", "malformed"), ("http://exa mple/f", "malformed"),
            (f"http://127.0.0.1\n/f?{SIGNATURE}", "malformed"),
        ],
    )  # fmt: skip
    def test_only_http_and_at_once(self, way: Way, tmp_path: Path, link: str, message: str) -> None:
        retries: list[Any] = []
        settings = {"on_retry": retries.append}
        with Storage(link=link) as storage, pytest.raises(DecodeError, match=message) as caught:
            way.download(storage, tmp_path / "f", settings=settings)
        assert retries == []
        assert (storage.asked, left(tmp_path)) == ([], [])
        assert_tells_no_secret(caught.value)

    def test_a_password_in_a_link_is_not_in_the_error(self, way: Way, tmp_path: Path) -> None:
        link = f"http://user:{SIGNATURE}@127.0.0.1:1/f"
        with Storage(link=link) as storage, pytest.raises(APIConnectionError) as caught:
            way.download(storage, tmp_path / "f")
        assert SIGNATURE not in f"{caught.value} {caught.value.path}"


class TestRedirects:
    @pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
    def test_followed_without_the_token(self, way: Way, tmp_path: Path, status: str) -> None:
        with Server(answer(DATA)) as other:
            moved = says(b"look there", status=status, headers=(f"Location: {other.url}/real?x=1",))
            with Storage(moved) as storage:
                assert way.download(storage, tmp_path / "f").read_bytes() == DATA
        (request,) = other.requests
        assert request.target == "/real?x=1"
        assert TOKEN not in repr(request)

    def test_a_broken_connection_after_a_redirect(self, way: Way, tmp_path: Path) -> None:
        moved = says(status="302 Found", headers=("Location: /real",))
        with Storage(moved, cut(MIN_PROGRESS * 2), moved) as storage:
            assert way.download(storage, tmp_path / "f").read_bytes() == DATA
        assert [r.target.split("?")[0] for r in storage.asked] == ["/chat.csv", "/real", "/chat.csv", "/real"]
        assert_resumed(storage, 0, 0, MIN_PROGRESS * 2, MIN_PROGRESS * 2)

    @pytest.mark.parametrize(
        "location",
        [
            "http://storage.example.invalid/f", "ftp://127.0.0.1/f", "file:///etc/passwd", "javascript:x",
            "data:text/plain,x", "http://169.254.169.254/latest", "http://[::", "https://", "//example.invalid/f",
        ],
    )  # fmt: skip
    def test_only_to_https_or_within_this_machine(self, way: Way, tmp_path: Path, location: str) -> None:
        moved = says(status="302 Found", headers=(f"Location: {location}",))
        with Storage(moved) as storage, pytest.raises(APIError, match="not https") as caught:
            way.download(storage, tmp_path / "f")
        assert caught.value.status == 302
        assert left(tmp_path) == []

    def test_not_for_ever(self, way: Way, tmp_path: Path) -> None:
        moved = says(status="302 Found", headers=("Location: /again",))
        with Storage(*[moved] * 20) as storage, pytest.raises(APIError, match="more than 5 times"):
            way.download(storage, tmp_path / "f")
        assert len(storage.asked) == 6

    def test_a_redirect_without_a_location(self, way: Way, tmp_path: Path) -> None:
        with Storage(says(status="302 Found")) as storage, pytest.raises(APIError, match="302"):
            way.download(storage, tmp_path / "f")


class TestLimits:
    @pytest.mark.parametrize("act", [Storage.serve, raw(b"HTTP/1.1 200 OK\r\n\r\n" + DATA)], ids=["told", "untold"])
    def test_too_large(self, way: Way, tmp_path: Path, act: Act) -> None:
        (tmp_path / "f").write_bytes(b"before")
        with Storage(act) as storage, pytest.raises(DecodeError, match=f"max_bytes={SIZE - 1}"):
            way.download(storage, tmp_path / "f", max_bytes=SIZE - 1)
        assert len(storage.asked) == 1
        assert left(tmp_path) == ["f"]
        assert (tmp_path / "f").read_bytes() == b"before"

    def test_a_file_declared_too_large_is_not_written(self, way: Way) -> None:
        memory = io.BytesIO()
        with Storage() as storage, pytest.raises(DecodeError, match="max_bytes"):
            way.download(storage, memory, max_bytes=SIZE - 1)
        assert memory.getvalue() == b""

    def test_as_large_as_allowed(self, way: Way, tmp_path: Path) -> None:
        with Storage() as storage:
            assert way.download(storage, tmp_path / "f", max_bytes=SIZE).read_bytes() == DATA

    @pytest.mark.parametrize("wrong", [-1, True])
    def test_no_limit_at_all(self, way: Way, tmp_path: Path, wrong: Any) -> None:
        with Storage() as storage, pytest.raises(ValueError, match="max_bytes"):
            way.download(storage, tmp_path / "f", max_bytes=wrong)
        assert storage.asked == []

    @pytest.mark.parametrize("read", [lambda chat: chat.read(), lambda chat: chat.messages()], ids=["read", "messages"])
    def test_an_endless_file_in_memory(self, way: Way, read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def endless(_storage: Storage, connection: Connection, _request: Received) -> None:
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                connection.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

        assert interfaces.MAX_RESPONSE_BYTES == 64 * 2**20
        monkeypatch.setattr("realtimekit.resources.artifact.MAX_RESPONSE_BYTES", 2**20)
        with Storage(endless) as storage, pytest.raises(DecodeError, match="more than max_bytes=1048576 bytes"):
            way.do(storage.url, read)
        assert len(storage.asked) == 1

    def test_an_exploding_file_in_memory(self, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
        bomb = gzip.compress(bytes(10 * 2**20))
        monkeypatch.setattr("realtimekit.resources.artifact.MAX_RESPONSE_BYTES", 2**20)
        act = says(bomb, headers=("Content-Encoding: gzip",))
        with Storage(act) as storage, pytest.raises(DecodeError, match="more than max_bytes"):
            way.do(storage.url, lambda chat: chat.read())

    def test_another_limit_in_memory(self, way: Way) -> None:
        with Storage() as storage:
            assert way.do(storage.url, lambda chat: chat.read(max_bytes=SIZE)) == DATA
            assert way.do(storage.url, lambda chat: chat.read(max_bytes=None)) == DATA
            with pytest.raises(DecodeError, match=f"max_bytes={SIZE - 1}"):
                way.do(storage.url, lambda chat: chat.messages(max_bytes=SIZE - 1))
            with pytest.raises(ValueError, match="max_bytes='1'"):
                way.do(storage.url, lambda chat: chat.read(max_bytes="1"))

    def test_a_body_that_is_always_short(self, way: Way, tmp_path: Path) -> None:
        short = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
        with Storage(*[short] * 9) as storage, pytest.raises(APIConnectionError):
            way.download(storage, tmp_path / "f")
        assert left(tmp_path) == []

    def test_a_range_that_is_always_short(self, way: Way, tmp_path: Path) -> None:
        """Its Content-Length is right, but it is not the rest of the file."""

        def part(storage: Storage, connection: Connection, request: Received) -> None:
            headers = (f"Content-Range: bytes {starts(storage)[-1]}-{SIZE - 1}/{SIZE}", 'ETag: "v1"')
            says(b"", status="206 Partial Content", headers=headers)(storage, connection, request)

        with (
            Storage(cut(MIN_PROGRESS * 2), *[part] * 9) as storage,
            pytest.raises(APIConnectionError, match="broke off"),
        ):
            way.download(storage, tmp_path / "f")
        assert left(tmp_path) == []


class TestDestinations:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("chat.csv", "sess-chat.csv"),
            ("a/b/recording.MP4", "sess-chat.mp4"),
            ("..%2F..%2Fetc%2Fpasswd", "sess-chat"),
            ("innocent.exe", "sess-chat"),
            ("x.csv.desktop", "sess-chat"),
            (".bashrc", "sess-chat"),
            ("x.c%00sv", "sess-chat"),
            ("", "sess-chat"),
        ],
    )
    def test_a_file_in_a_folder_gets_a_safe_name(self, way: Way, tmp_path: Path, name: str, expected: str) -> None:
        with Storage(name=name) as storage:
            assert way.download(storage, tmp_path) == tmp_path / expected
        assert left(tmp_path) == [expected]

    def test_a_missing_folder(self, way: Way, tmp_path: Path) -> None:
        with Storage() as storage:
            for to in (f"{tmp_path}/none/", tmp_path / "none" / "f"):
                with pytest.raises(FileNotFoundError):
                    way.download(storage, to)
        assert storage.asked == []

    def test_an_open_file(self, way: Way, tmp_path: Path) -> None:
        with Storage(cut(MIN_PROGRESS * 2), says(DATA)) as storage, (tmp_path / "f").open("w+b") as file:
            file.write(b"mine")
            assert way.download(storage, file) is None
            file.seek(0)
            assert file.read() == b"mine" + DATA

    def test_an_open_file_that_cannot_seek(self, way: Way) -> None:
        with Storage(cut(MIN_PROGRESS * 2)) as storage:
            pipe = Pipe()
            way.download(storage, pipe)
            assert bytes(pipe.got) == DATA
        with Storage(cut(MIN_PROGRESS * 2), says(DATA)) as storage, pytest.raises(OSError, match="pass a path"):
            way.download(storage, Pipe())

    def test_a_full_disk_is_not_retried(self, way: Way) -> None:
        class Full(io.BytesIO):
            def write(self, data: Any) -> int:
                raise OSError(28, "No space left on device")

        with Storage() as storage, pytest.raises(OSError, match="No space left"):
            way.download(storage, Full())
        assert len(storage.asked) == 1

    def test_a_progress_callback_that_raises_ends_the_download(self, way: Way, tmp_path: Path) -> None:
        def stop(*_: object) -> None:
            raise ValueError("enough")

        with Storage() as storage, pytest.raises(ValueError, match="enough"):
            way.download(storage, tmp_path / "f", progress=stop)
        assert left(tmp_path) == []


class Pipe(io.RawIOBase):
    def __init__(self) -> None:
        self.got = bytearray()

    def seekable(self) -> bool:
        return False

    def write(self, data: Any) -> int:
        self.got += data
        return len(data)


def test_a_canceled_download_leaves_nothing(transport: Any, tmp_path: Path) -> None:
    def stalls(_storage: Storage, connection: Connection, _request: Received) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun")
        connection.wait_for_close()

    async def run(base_url: str) -> None:
        begun = asyncio.Event()
        settings: dict[str, Any] = {"api_token": TOKEN, "account_id": "a", "app_id": "b", "transport": transport}
        async with AsyncRealtimeKit(**settings, base_url=f"{base_url}/client/v4") as client:
            chat = await client.sessions.ref("s").chat
            download = chat.download(tmp_path / "f", progress=lambda *_: begun.set())
            task = asyncio.create_task(download)
            await begun.wait()
            assert len(left(tmp_path)) == 1
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert left(tmp_path) == []

    with Storage(stalls) as storage:
        asyncio.run(run(storage.url))


def test_types_of_the_result(way: Way, tmp_path: Path) -> None:
    """A path gives a path; what the type checkers say is in the annotations."""
    with Storage() as storage:
        assert isinstance(way.download(storage, tmp_path / "f"), Path)
        assert way.download(storage, cast("BinaryIO", io.BytesIO())) is None
