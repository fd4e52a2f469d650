"""Where the time of a case goes: `python -m benchmarks --profile find`.

There are two views. The layers of a `find` are measured without a profiler, by leaving some out: the SDK or the
transport. The functions come from cProfile, which makes small Python functions look more expensive than they are.

`python -m benchmarks.profiling CASE CONTENDER BASE_URL` is the part that runs in the environment of a contender.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
from collections import defaultdict
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import canned, cases
from benchmarks.cases import Meter
from benchmarks.contenders import INSTALLED, OURS

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS, CALLS = 15, 300
MAX_FUNCTIONS = 25


def main(name: str, contender: str, base_url: str) -> None:
    """Print both views."""
    case = cases.load(name)
    assert case.begin is not None
    if name == "find" and INSTALLED[contender].module == "ours":
        layers(contender, base_url)
    module = import_module(f"benchmarks.contenders.{INSTALLED[contender].module}")
    with ExitStack() as undo:
        measure = case.begin(cases.Setting(module, base_url, undo))
        measure()
        profile = cProfile.Profile()
        profile.runcall(measure)
    functions(profile)


def layers(contender: str, base_url: str) -> None:
    """Print the CPU time of one `find` in microseconds, as a whole and in parts, measured in turns."""
    from realtimekit import RealtimeKit  # only where this package is measured
    from realtimekit.interfaces import Request, Response
    from realtimekit.transports import create_transport

    bare = import_module(f"benchmarks.contenders.bare_{'httpcore2' if contender == OURS else 'pyreqwest'}")
    transport = create_transport("auto", asynchronous=False)
    sent: list[Request] = []

    class ReplayTransport:
        """Returns a response of the real transport immediately."""

        response: Response

        def send(self, request: Request, /) -> Response:
            sent[:] = [request]
            return self.response

    replay = ReplayTransport()
    given: dict[str, Any] = {"api_token": canned.TOKEN, "account_id": canned.ACCOUNT, "app_id": canned.APP}
    without = RealtimeKit(transport=replay, base_url=base_url, **given)
    whole = RealtimeKit(transport=transport, base_url=base_url, **given)
    replay.response = transport.send(Request("GET", base_url + "/any", {}, None, 30.0))
    without.sessions.find(canned.SESSION)
    request, alone = sent[0], bare.SyncClient(base_url)
    parts: dict[str, Callable[[], object]] = {
        "the library alone, with json": alone.find,
        "our transport alone": lambda: transport.send(request),
        "the SDK over a transport that returns immediately": lambda: without.sessions.find(canned.SESSION),
        "find": lambda: whole.sessions.find(canned.SESSION),
    }
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for part, call in parts.items():
            with Meter() as meter:
                for _ in range(CALLS):
                    call()
            taken[part].append(meter.cpu / CALLS * 1e6)
    say(f"{contender}: µs of CPU a call, median of {ROUNDS} rounds of {CALLS}")
    for part, values in taken.items():
        say(f"  {median(values):7.1f}  {part}")


def functions(profile: cProfile.Profile) -> None:
    """Print the own time by package, and the most expensive functions."""
    stats: dict[tuple[str, int, str], tuple[int, int, float, float, Any]] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    total = sum(row[2] for row in stats.values())
    packages: dict[str, float] = defaultdict(float)
    for (file, _, function), row in stats.items():
        packages[_package(file, function)] += row[2]
    say("own time by package (cProfile)")
    for package, own in sorted(packages.items(), key=lambda item: -item[1])[:12]:
        say(f"  {own / total:6.1%}  {package}")
    say("own time by function")
    for (file, line, function), row in sorted(stats.items(), key=lambda item: -item[1][2])[:MAX_FUNCTIONS]:
        location = f"{_package(file, function)} {Path(file).name}:{line} {function}"
        say(f"  {row[2] / total:6.1%}  {row[0]:>7} calls  {location}")


def _package(file: str, function: str) -> str:
    """Return the package of a function: `realtimekit.record`, `httpcore2`, `python` for its library, or `C`."""
    if file == "~":
        if "socket" in function or "select" in function or "poll" in function:
            return "C: sockets"
        return "C"
    parts = Path(file).with_suffix("").parts
    for home in ("site-packages", "src"):
        if home in parts:
            below = parts[parts.index(home) + 1 :]
            return ".".join(below) if below[0] == "realtimekit" else below[0]
    return "benchmarks" if "benchmarks" in parts else "python" if "python" in file else "other"


def say(text: str) -> None:
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
