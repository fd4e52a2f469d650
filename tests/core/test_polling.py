"""Waiting for a record: how often it is read, and the three ways in which that ends."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from realtimekit import NotFoundError, ServerError, WaitError, WaitTimeoutError
from realtimekit.polling import wait_until

from .scripted import Call, Flavour, Script, error, ok

READ = Call("GET", "/app/recordings/r", {}, None)


def statuses(*names: str) -> Script:
    return Script(*(ok({"id": "r", "status": name}) for name in names))


def recording(flavour: Flavour, script: Script, **settings: Any) -> Any:
    return flavour.client(script, **settings).recordings.ref("r")


class TestARecording:
    def test_is_read_until_it_is_there(self, flavour: Flavour, waits: list[float]) -> None:
        script = statuses("RECORDING", "UPLOADING", "UPLOADED")
        record, seen = recording(flavour, script), list[str]()
        found = flavour.get(record.wait_until("UPLOADED", poll_interval=2, progress=lambda r: seen.append(r.status)))
        assert found is record
        assert script.calls == [READ] * 3
        assert waits == [2, 2]
        assert seen == ["RECORDING", "UPLOADING", "UPLOADED"]

    def test_that_is_there_is_read_once(self, flavour: Flavour, waits: list[float]) -> None:
        """What is known of it may be old, so even then."""
        script = statuses("UPLOADED")
        flavour.get(recording(flavour, script).wait_until("UPLOADED"))
        assert (script.calls, waits) == ([READ], [])

    def test_any_of_several_will_do(self, flavour: Flavour) -> None:
        record = recording(flavour, statuses("INVOKED", "PAUSED"))
        assert flavour.get(record.wait_until("RECORDING", "PAUSED")).status == "PAUSED"

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
    def test_that_cannot_get_there_any_more_raises_at_once(
        self, flavour: Flavour, waits: list[float], now: str, wanted: list[str]
    ) -> None:
        script = statuses(now)
        record = recording(flavour, script)
        with pytest.raises(WaitError, match=f"to be {wanted[0]}.*: it is {now}") as caught:
            flavour.get(record.wait_until(*wanted))
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
    def test_that_still_can_is_waited_for(self, flavour: Flavour, now: str, wanted: str) -> None:
        record = recording(flavour, statuses(now, wanted))
        assert flavour.get(record.wait_until(wanted)).status == wanted

    def test_needs_a_status(self, flavour: Flavour) -> None:
        with pytest.raises(ValueError, match="no status to wait for"):
            flavour.get(recording(flavour, Script()).wait_until())


class TestTime:
    def test_runs_out_with_a_last_read_at_its_end(self, flavour: Flavour, waits: list[float]) -> None:
        script = statuses(*["RECORDING"] * 4)
        record = recording(flavour, script)
        with pytest.raises(
            WaitTimeoutError, match=r"waited 5 s for <Recording id='r' status='RECORDING'> to be UPL"
        ) as e:
            flavour.get(record.wait_until("UPLOADED", timeout=5, poll_interval=2))
        assert isinstance(e.value, TimeoutError)
        assert e.value.record is record
        assert waits == pytest.approx([2, 2, 1], abs=0.1)  # less what the reads took
        assert len(script.calls) == 4

    @pytest.mark.parametrize("name", ["timeout", "poll_interval"])
    @pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
    def test_must_be_some(self, flavour: Flavour, name: str, seconds: float) -> None:
        script = Script()
        with pytest.raises(ValueError, match=f"{name}=.*: must be a number of seconds above 0"):
            flavour.get(recording(flavour, script).wait_until("UPLOADED", **{name: seconds}))
        assert script.calls == []


def test_the_error_can_be_pickled() -> None:
    record = recording(Flavour(asynchronous=False), statuses("RECORDING", "RECORDING"))
    with pytest.raises(WaitTimeoutError) as caught:
        record.wait_until("UPLOADED", timeout=1, poll_interval=1)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), copy.record) == (WaitTimeoutError, str(caught.value), record)


class TestWhatIsNotThereYet:
    def wait(self, flavour: Flavour, script: Script, **given: Any) -> Any:
        client = flavour.client(script, max_retries=0)
        session = client.sessions.ref("s")
        done: Callable[[Any], bool] = lambda found: found.status == "ENDED"  # noqa: E731 - in one place for both
        return flavour.get(client.run(wait_until(session, done, goal="to end", timeout=9, poll_interval=1, **given)))

    def test_is_an_error(self, flavour: Flavour) -> None:
        with pytest.raises(NotFoundError):
            self.wait(flavour, Script(error(404)))

    def test_may_be_waited_for(self, flavour: Flavour, waits: list[float]) -> None:
        told = list[bool]()
        script = Script(error(404), ok({"id": "s", "status": "LIVE"}), ok({"id": "s", "status": "ENDED"}))
        self.wait(flavour, script, missing_ok=True, progress=lambda session: told.append("status" in session))
        assert told == [False, True, True]
        assert waits == [1, 1]

    def test_is_not_asked_whether_it_is_done_or_failed(self, flavour: Flavour) -> None:
        """A record that is known by its id alone has no field to look at."""
        script = Script(error(404), ok({"id": "s", "status": "ENDED"}))
        self.wait(flavour, script, missing_ok=True, failed=lambda session: session.status and None)

    def test_another_error_is_told(self, flavour: Flavour) -> None:
        with pytest.raises(ServerError):
            self.wait(flavour, Script(error(500)), missing_ok=True)

    def test_what_progress_raises_ends_it(self, flavour: Flavour) -> None:
        def enough(_: Any) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.wait(flavour, Script(ok({"id": "s", "status": "LIVE"})), progress=enough)
