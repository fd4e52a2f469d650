"""Old names work, and warn once for each line that uses them."""

from __future__ import annotations

import warnings

import pytest

import realtimekit
from realtimekit.deprecation import renamed


class Thing:
    def save(self) -> str:
        return "saved"

    store = renamed("store", "save", since="0.2")


def test_an_old_method_works_and_names_the_new_one() -> None:
    message = r"^Thing\.store was renamed to Thing\.save in realtimekit 0\.2;"
    with pytest.warns(DeprecationWarning, match=message) as caught:
        assert Thing().store() == "saved"
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match=message):
        assert Thing.store(Thing()) == "saved"


def test_an_old_name_of_the_package_works_and_names_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(realtimekit._RENAMED, "Meet", ("Meeting", "0.2"))
    with pytest.warns(DeprecationWarning, match=r"realtimekit\.Meet was renamed to realtimekit\.Meeting in") as caught:
        assert getattr(realtimekit, "Meet") is realtimekit.Meeting  # noqa: B009 - no checker knows the name
    assert caught[0].filename == __file__


def test_a_line_warns_once() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            Thing().store()
    assert len(caught) == 1
