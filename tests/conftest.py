"""Fixtures for every test: an isolated environment, and an emulator with a session."""

from __future__ import annotations

import asyncio
import functools
import gc
import itertools
import os
import signal
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import settings

import realtimekit.client
import realtimekit.settings
from realtimekit import RealtimeKit
from realtimekit.cli import demo_scenario
from realtimekit.emulator import Emulator
from realtimekit.transports.emulator import connected
from tests.fuzz.examples import EXAMPLES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

if EXAMPLES:  # `make fuzz`: also the tests that say nothing of how many
    settings.register_profile("fuzz", max_examples=EXAMPLES, deadline=None, database=None)
    settings.load_profile("fuzz")


_generate_key = rsa.generate_private_key


@functools.cache
def _one_of_four_keys(number: int, public_exponent: int, key_size: int) -> rsa.RSAPrivateKey:
    return _generate_key(public_exponent, key_size)


@pytest.fixture(scope="session", autouse=True)
def _few_keys() -> Iterator[None]:
    """Take turns with four RSA keys: making one takes 60 ms, and hundreds of emulators need one or two.

    Two emulators of one test still have different keys.
    """
    numbers = itertools.cycle(range(4))

    def take(public_exponent: int, key_size: int, backend: object = None) -> rsa.RSAPrivateKey:
        return _one_of_four_keys(next(numbers), public_exponent, key_size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rsa, "generate_private_key", take)
        yield


# A process started in the background of a shell ignores Ctrl-C, and so would every program that a test starts in it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect the tests without looking for garbage, and later look for that of the tests alone.

    A million objects are made that stay; looking through them takes a third of the time, in each worker.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 50, 100)  # a tenth of the time of all tests otherwise
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return the number of workers: one for each core with `-n logical`, two with `-n auto`.

    Half of the time of all the tests is waiting for timeouts, and another worker uses it.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores if config.getoption("numprocesses") == "logical" else 2 * cores


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Isolate each test from the settings of the machine and of other tests."""
    for variable in realtimekit.settings.ENVIRONMENT.values():
        monkeypatch.delenv(variable, raising=False)
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    monkeypatch.setattr(realtimekit.settings, "_configured", {})
    monkeypatch.setattr(realtimekit.client, "_default", None)
    yield
    if realtimekit.client._default is not None:
        realtimekit.client._default.close()


def settings_of(emulator: Emulator, base_url: str) -> dict[str, Any]:
    """Return the settings of a client of a served emulator."""
    return {
        "base_url": base_url,
        "api_token": emulator.api_token,
        "account_id": emulator.account_id,
        "app_id": emulator.app_id,
    }


@dataclass
class Demo:
    """An emulator after the demo scenario: session sess-1 in app-1, peers peer-1 to peer-3."""

    emulator: Emulator
    base_url: str
    control_url: str

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a client."""
        return settings_of(self.emulator, self.base_url)

    @property
    def environment(self) -> dict[str, str]:
        return {realtimekit.settings.ENVIRONMENT[name]: value for name, value in self.settings.items()}


@pytest.fixture
def demo() -> Iterator[Demo]:
    """The meeting's emulator, served over HTTP."""
    with Emulator(**demo_scenario.CREDENTIALS) as emulator:
        client = RealtimeKit(**connected(emulator))
        emulator.next_ids.extend(demo_scenario.FIXED_IDS)
        demo_scenario.run(client, emulator)
        assert not emulator.next_ids, "the scenario fixes every id that it makes"
        with emulator.serve() as server:
            yield Demo(emulator, server.base_url, server.control_url)


@pytest.fixture(scope="session")
def _chromium() -> Iterator[Browser]:
    """One process for all the tests of a worker that need a browser: to start it takes longer than most of them."""
    from playwright.sync_api import sync_playwright

    from tests.report.chromium import chromium

    with sync_playwright() as playwright:
        found = chromium(playwright)
        # Without its sandbox it runs anywhere, as root and in containers; it opens nothing but our own pages.
        with playwright.chromium.launch(executable_path=found.path, env=found.env, args=["--no-sandbox"]) as started:
            loop = asyncio.get_running_loop()
            asyncio._set_running_loop(None)
            yield started
            asyncio._set_running_loop(loop)


@pytest.fixture
def browser(_chromium: Browser) -> Iterator[Browser]:
    """A browser without any context: what a test opens is closed after it.

    Playwright runs an event loop in this thread; between its tests it must not be seen, or asyncio.run would refuse.
    """
    asyncio._set_running_loop(_chromium._impl_obj._loop)
    try:
        yield _chromium
        for context in _chromium.contexts:
            context.close()
    finally:
        asyncio._set_running_loop(None)


@pytest.fixture(params=["httpcore2", "pyreqwest"])
def transport(request: pytest.FixtureRequest) -> str:
    """Each transport of this package."""
    return str(request.param)


@pytest.fixture
def demo_environment(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> Demo:
    """The environment points at the meeting's emulator."""
    for name, value in demo.environment.items():
        monkeypatch.setenv(name, value)
    return demo
