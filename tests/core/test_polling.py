"""Polling a record: how often it is read, and the three ways in which polling ends."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from realtimekit import NotFoundError, ServerError, WaitError, WaitTimeoutError
from realtimekit.polling import wait_until

from .scripted import Call, Mode, Script, error, ok

READ = Call("GET", "/app/recordings/r", {}, None)


def statuses(*names: str) -> Script:
    return Script(*(ok({"id": "r", "status": name}) for name in names))


def recording(mode: Mode, script: Script, **settings: Any) -> Any:
    return mode.client(script, **settings).recordings.ref("r")


class TestARecording:
    def test_is_polled_until_it_is_reached(self, mode: Mode, waits: list[float]) -> None:
        script = statuses("RECORDING", "UPLOADING", "UPLOADED")
        record, seen = recording(mode, script), list[str]()
        found = mode.get(record.wait_until("UPLOADED", poll_interval=2, progress=lambda r: seen.append(r.status)))
        assert found is record
        assert script.calls == [READ] * 3
        assert waits == [2, 2]
        assert seen == ["RECORDING", "UPLOADING", "UPLOADED"]

    def test_that_is_already_reached_is_read_once(self, mode: Mode, waits: list[float]) -> None:
        """It is read once even so, because the record may be outdated."""
        script = statuses("UPLOADED")
        mode.get(recording(mode, script).wait_until("UPLOADED"))
        assert (script.calls, waits) == ([READ], [])

    def test_any_of_several_is_accepted(self, mode: Mode) -> None:
        record = recording(mode, statuses("INVOKED", "PAUSED"))
        assert mode.get(record.wait_until("RECORDING", "PAUSED")).status == "PAUSED"

    @pytest.mark.parametrize(
        ("now", "wanted"),
        [
            ("ERRORED", ["UPLOADED"]),
            ("ERRORED", ["RECORDING", "UPLOADED"]),
            ("UPLOADED", ["RECORDING"]),
            ("UPLOADED", ["ERRORED"]),
            ("UPLOADING", ["RECORDING", "PAUSED"]),
            ("RECORDING", ["INVOKED"]),
            ("PAUSED", ["INVOKED"]),
            ("ERRORED", ["NEW_ONE"]),
            ("UPLOADED", ["NEW_ONE"]),
        ],
    )
    def test_that_can_no_longer_be_reached_raises_at_once(
        self, mode: Mode, waits: list[float], now: str, wanted: list[str]
    ) -> None:
        script = statuses(now)
        record = recording(mode, script)
        with pytest.raises(WaitError, match=f"to be {wanted[0]}.*: it is {now}") as caught:
            mode.get(record.wait_until(*wanted))
        assert not isinstance(caught.value, WaitTimeoutError)
        assert caught.value.record is record
        assert (script.calls, waits) == ([READ], [])

    @pytest.mark.parametrize(
        ("now", "wanted"),
        [
            ("INVOKED", "RECORDING"), ("INVOKED", "ERRORED"), ("RECORDING", "PAUSED"), ("PAUSED", "RECORDING"),
            ("PAUSED", "UPLOADED"), ("UPLOADING", "UPLOADED"), ("UPLOADING", "ERRORED"), ("NEW_ONE", "RECORDING"),
            ("RECORDING", "NEW_ONE"),
        ],
    )  # fmt: skip
    def test_that_can_still_be_reached_is_awaited(self, mode: Mode, now: str, wanted: str) -> None:
        record = recording(mode, statuses(now, wanted))
        assert mode.get(record.wait_until(wanted)).status == wanted

    def test_needs_a_status(self, mode: Mode) -> None:
        with pytest.raises(ValueError, match="no status to wait for"):
            mode.get(recording(mode, Script()).wait_until())


class TestTime:
    def test_expires_after_a_last_read(self, mode: Mode, waits: list[float]) -> None:
        script = statuses(*["RECORDING"] * 4)
        record = recording(mode, script)
        with pytest.raises(
            WaitTimeoutError, match=r"waited 5 s for <Recording id='r' status='RECORDING'> to be UPL"
        ) as e:
            mode.get(record.wait_until("UPLOADED", timeout=5, poll_interval=2))
        assert isinstance(e.value, TimeoutError)
        assert e.value.record is record
        assert waits == pytest.approx([2, 2, 1], abs=0.1)  # less what the reads took
        assert len(script.calls) == 4

    @pytest.mark.parametrize("name", ["timeout", "poll_interval"])
    @pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
    def test_must_be_positive(self, mode: Mode, name: str, seconds: float) -> None:
        script = Script()
        with pytest.raises(ValueError, match=f"{name}=.*: must be a number of seconds above 0"):
            mode.get(recording(mode, script).wait_until("UPLOADED", **{name: seconds}))
        assert script.calls == []


def test_the_error_can_be_pickled() -> None:
    record = recording(Mode(asynchronous=False), statuses("RECORDING", "RECORDING"))
    with pytest.raises(WaitTimeoutError) as caught:
        record.wait_until("UPLOADED", timeout=1, poll_interval=1)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), copy.record) == (WaitTimeoutError, str(caught.value), record)


class TestWhatIsNotThereYet:
    def wait(self, mode: Mode, script: Script, **given: Any) -> Any:
        client = mode.client(script, max_retries=0)
        session = client.sessions.ref("s")
        done: Callable[[Any], bool] = lambda found: found.status == "ENDED"  # noqa: E731 - in one place for both
        return mode.get(client.run(wait_until(session, done, goal="to end", timeout=9, poll_interval=1, **given)))

    def test_is_an_error(self, mode: Mode) -> None:
        with pytest.raises(NotFoundError):
            self.wait(mode, Script(error(404)))

    def test_can_be_tolerated(self, mode: Mode, waits: list[float]) -> None:
        told = list[bool]()
        script = Script(error(404), ok({"id": "s", "status": "LIVE"}), ok({"id": "s", "status": "ENDED"}))
        self.wait(mode, script, missing_ok=True, progress=lambda session: told.append("status" in session))
        assert told == [False, True, True]
        assert waits == [1, 1]

    def test_is_not_checked_for_done_or_failed(self, mode: Mode) -> None:
        """A record of which only the id is known has no fields to check."""
        script = Script(error(404), ok({"id": "s", "status": "ENDED"}))
        self.wait(mode, script, missing_ok=True, failed=lambda session: session.status and None)

    def test_other_errors_are_raised(self, mode: Mode) -> None:
        with pytest.raises(ServerError):
            self.wait(mode, Script(error(500)), missing_ok=True)

    def test_an_exception_in_progress_ends_the_polling(self, mode: Mode) -> None:
        def enough(_: Any) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.wait(mode, Script(ok({"id": "s", "status": "LIVE"})), progress=enough)
