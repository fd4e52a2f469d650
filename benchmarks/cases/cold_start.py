"""From the start of the interpreter to the first record: import, client, first `find`; and the installed size."""

from __future__ import annotations

import os
import subprocess
import time

from benchmarks.canned import ACCOUNT, APP, APP_PATH, SESSION, TOKEN
from benchmarks.cases import Case, Goal, Metric, Sample
from benchmarks.contenders import CONTENDERS, FAST, FLOORS, HTTPCORE2, OFFICIAL, OURS, PYREQWEST
from benchmarks.environments import python, size

_OURS = f"""
from realtimekit import RealtimeKit
client = RealtimeKit(api_token={TOKEN!r}, account_id={ACCOUNT!r}, app_id={APP!r}, base_url=URL)
assert client.sessions.find({SESSION!r}).status == "ENDED"
"""
PROGRAMS = {
    OFFICIAL: f"""
from cloudflare import Cloudflare
client = Cloudflare(api_token={TOKEN!r}, base_url=URL)
found = client.realtime_kit.sessions.get_session_details({SESSION!r}, account_id={ACCOUNT!r}, app_id={APP!r})
assert found.data.status == "ENDED"
""",
    OURS: _OURS,
    FAST: _OURS,
    HTTPCORE2: f"""
import json, httpcore2
pool = httpcore2.ConnectionPool()
url, headers = URL + "{APP_PATH}/sessions/{SESSION}", {{"authorization": "Bearer {TOKEN}"}}
assert json.loads(pool.request("GET", url, headers=headers).content)["data"]["status"] == "ENDED"
""",
    PYREQWEST: f"""
import orjson
from pyreqwest.client import SyncClientBuilder
client = SyncClientBuilder().default_headers({{"authorization": "Bearer {TOKEN}"}}).build()
answer = client.get(URL + "{APP_PATH}/sessions/{SESSION}").build().send()
assert orjson.loads(memoryview(answer.bytes()))["data"]["status"] == "ENDED"
""",
}
# Read by the process itself: the parent would see the memory from before `exec` as well.
_PEAK = """
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def measure(contender: str, base_url: str) -> Sample:
    """Run one program, and measure it."""
    environment = CONTENDERS[contender].environment
    program = f"URL = {base_url!r}\n{PROGRAMS[contender]}{_PEAK}"
    before, started = os.times(), time.perf_counter()
    done = subprocess.run([python(environment), "-c", program], stdout=subprocess.PIPE, check=True, text=True, cwd="/")
    wall, after = time.perf_counter() - started, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    sample = {"wall": wall, "cpu": cpu, "peak": int(done.stdout) * 1024.0}
    # The bare transports are installed in the environments of this package.
    return sample if contender in FLOORS.values() else {**sample, "installed": size(environment)}


CASE = Case(
    "cold start to the first record",
    (
        Metric("wall", "ms from start to end", 1e3, {OURS: Goal(1 / 3), FAST: Goal(1 / 6)}, digits=0),
        Metric("cpu", "ms of CPU", 1e3, digits=0),
        Metric("peak", "MB of memory at most", 1e-6, {OURS: Goal(0.7), FAST: Goal(0.6)}),
        Metric("installed", "MB installed", 1e-6, {OURS: Goal(8.0, ratio=False), FAST: Goal(20.0, ratio=False)}),
    ),
    tuple(CONTENDERS),
    None,
)
