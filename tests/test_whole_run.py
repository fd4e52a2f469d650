"""No secret in any output of a full run: stdout, stderr, logs at DEBUG, errors as trackers report them.

Trackers tell the local variables of every frame. Looked into are the frames of this package and below; those of the
application are its own. Left out is what `test_secrets` says of calls that are refused unsent.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from .whole_run import API_TOKEN, PASSWORD, STORAGE_SECRET, UNREADABLE, WRONG_TOKEN

ROOT = Path(__file__).parents[1]
OURS = ("CLOUDFLARE_", "REALTIMEKIT_")


class Run(NamedTuple):
    """The output of each part of the run, and the secrets that it must not contain."""

    said: dict[str, str]
    secrets: dict[str, str]
    asked: dict[str, str]  # of commands that were asked to show one


def environment(**more: str) -> dict[str, str]:
    """The environment of a process in development mode, in which every warning is an error."""
    ours = ("CLOUDFLARE_", "REALTIMEKIT_")
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(ours) and "proxy" not in name.lower()
    }
    return {**kept, "PYTHONDEVMODE": "1", "PYTHONWARNINGS": "error", "COLUMNS": "300", **more}


def python(*arguments: str, env: dict[str, str], stdin: str = "") -> tuple[str, str]:
    """The output and the exit code of a process."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env=env,
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return done.stdout, f"{done.stderr}(exit code {done.returncode})"


@contextmanager
def platform(secrets: Path, said: dict[str, str]) -> Generator[dict[str, str]]:
    """The environment of its clients."""
    command = [sys.executable, "-m", "tests.whole_run", "serve", str(secrets)]
    log = secrets.with_name("platform")
    with (
        log.open("wb") as err,
        subprocess.Popen(
            command, env=environment(), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            first = process.stdout.readline()
            yield environment(
                REALTIMEKIT_BASE_URL=json.loads(first)["base_url"],
                CLOUDFLARE_API_TOKEN=f"/+{API_TOKEN}%&=",
                CLOUDFLARE_ACCOUNT_ID="acc-1",
                REALTIMEKIT_APP_ID="app-1",
            )
            said["the platform's stdout"] = first + process.communicate(timeout=60)[0]
        finally:
            process.kill()
    said["the platform's log"] = log.read_text(encoding="utf-8")


# Whatever commands there are; FOLDER is one of our own.
COMMANDS = """
-h|sessions -h|participants -h|livestreams -h|recordings -h|webhooks -h|no-such-command|sessions show|--version
doctor|doctor --json|apps list|apps show --json|meetings list|meetings list --csv|meetings show meet-1 --json
participants list --meeting meet-1|participants list --meeting meet-1 --json|participants show part-1 --meeting meet-1 --json
participants add --meeting meet-1 --name D --custom-id d --preset group_call_host
participants add --meeting meet-1 --name D --custom-id e --preset group_call_host --json
participants update part-1 --meeting meet-1 --name E --json|participants remove part-2 --meeting meet-1
sessions list|sessions list --json|sessions show sess-1|sessions show nobody|sessions chat sess-1 --json
sessions participants sess-1 --csv|sessions transcript sess-1 --srt|sessions summary sess-1|sessions quality sess-1
sessions report sess-1 -o FOLDER/report.html|sessions download sess-1 --to FOLDER|recordings list|recordings list --json
recordings start nobody --json|recordings show nobody|livestreams list|livestreams list --json
livestreams show live-1 --json|livestreams create --name x --json|livestreams sessions live-1|presets list --json
webhooks create --name w --url http://127.0.0.1:9/x --json|webhooks list --json|webhooks events
webhooks trigger livestreaming.statusUpdate --to http://127.0.0.1:9/x|analytics daily --json
"""  # noqa: E501 - one line for those that belong together
ASKED = {
    "a token": "participants token part-1 --meeting meet-1",
    "a token of somebody new": "participants add --meeting meet-1 --custom-id f --preset group_call_host --show-token",
    "the key of a livestream": "livestreams show live-1 --show-key",
}


REFUSED = ("doctor", "doctor --json", "sessions list", "webhooks list --json")
WRONG = {
    "a wrong token": {"CLOUDFLARE_API_TOKEN": WRONG_TOKEN},
    "a token with a word before it": {"CLOUDFLARE_API_TOKEN": f"Bearer {WRONG_TOKEN}"},
    "a password": {"REALTIMEKIT_BASE_URL": f"https://me:{PASSWORD}@127.0.0.1"},
    "nobody": {"REALTIMEKIT_BASE_URL": "http://127.0.0.1:9"},
}


LOOKS = (
    r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{20,}",
    r"signature=(?!0\b)[0-9a-f]{12}",
    "PRIVATE KEY",
    r"[Bb]earer [^\s'\"<T]{6}",
)
SHOWN = "recordings (show|list --json)"  # the links of recordings are for whoever asks


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run")
    secrets, said, asked = folder / "secrets", dict[str, str](), dict[str, str]()
    with platform(secrets, said) as env:
        for transport in ("httpcore2", "pyreqwest"):
            out, err = python("tests.whole_run", "use", transport, str(secrets), env=env)
            for part in out.split("=== ")[1:]:
                said[f"the application over {transport}: {part.partition(chr(10))[0]}"] = part
            said[f"the log of the application over {transport}"] = err
        commands = {name: (name, env) for name in COMMANDS.replace("\n", "|").strip("|").split("|")}
        commands |= {f"{name} with {w}": (name, env | wrong) for name in REFUSED for w, wrong in WRONG.items()}
        shown = {name: (command, env) for name, command in ASKED.items()}
        for name, of, told in (("commands", commands, said), ("commands that show", shown, asked)):
            lines = [
                json.dumps([command.replace("FOLDER", str(folder)).split(), {k: e[k] for k in e if k.startswith(OURS)}])
                for command, e in of.values()
            ]
            out, err = python("tests.whole_run", "command", env=env, stdin="\n".join(lines))
            assert err.endswith("(exit code 0)"), err[-3000:]
            told.update(zip(of, map(json.loads, out.splitlines()), strict=True))
            said[f"the log of {name}"] = err
    for file in folder.rglob("*"):
        if file.is_file() and file not in {secrets, folder / "platform"}:
            said[f"the file {file.name}"] = file.read_text(encoding="utf-8", errors="replace")
    known = {
        name: text
        for line in secrets.read_text(encoding="utf-8").splitlines()
        for name, text in json.loads(line).items()
    }
    known |= {"the API token": API_TOKEN, "another API token": WRONG_TOKEN, "a password in base_url": PASSWORD}
    known |= {"a storage's secret": STORAGE_SECRET, "the token of an unreadable participant": UNREADABLE}
    return Run(said, known, asked)


def forms(secret: str) -> Iterator[str]:
    """As it is, which JSON, percent-encoding and repr do not change; in base64, at each of three offsets; as hex."""
    yield secret
    for before in range(3):
        encoded = base64.b64encode(b" " * before + secret.encode()).decode().rstrip("=")
        inner = encoded[(before * 8 + 5) // 6 : -1 or None]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")
    yield secret.encode().hex()


def found(said: dict[str, str], secret: str) -> list[tuple[str, str]]:
    """Where a secret was found, with the text before it."""
    places: list[tuple[str, str]] = []
    for name, text in said.items():
        for form in forms(secret):
            if (at := text.find(form)) >= 0:
                places.append((name, text[max(0, at - 200) : at + len(form)]))
                break
    return places


class Leak(NamedTuple):
    secret: str
    where: str
    text: str


@pytest.fixture(scope="module")
def leaks(run: Run) -> list[Leak]:
    known = [Leak(name, *place) for name, secret in run.secrets.items() for place in found(run.said, secret)]
    likely = [
        Leak(looks, where, text[max(0, match.start() - 200) : match.end()])
        for looks in LOOKS
        for where, text in run.said.items()
        if (match := re.search(looks, text)) and not re.match(SHOWN, where)
    ]
    return known + likely


def test_the_run_was_complete(run: Run) -> None:
    """Otherwise there would be nothing to find in the output."""
    for transport in ("httpcore2", "pyreqwest"):
        whole = "".join(text for name, text in run.said.items() if f" over {transport}" in name)
        assert whole.endswith("(exit code 0)"), whole[-3000:]
        for part in ("APITimeoutError", "RateLimitError", "AuthenticationError", "arrived:", "DecodeError", "DEBUG:"):
            assert part in whole, (transport, part)
    ended = {name: text for name, text in run.said.items() if name.startswith(("doctor", "sessions ", "livestreams "))}
    assert len(ended) > 20
    assert all("Traceback" not in text for text in ended.values())
    kinds = " ".join(run.secrets)
    for kind in (
        "token_key",
        "webhook_key",
        "link_key",
        "signature",
        "participant's token",
        "key of",
        "key in an event",
    ):
        assert kind in kinds, kinds


def test_planted_secrets_would_be_found(run: Run) -> None:
    """Where a command was asked to show it; and in the forms that a secret may take."""
    for name, text in run.asked.items():
        assert text.endswith("(exit code 0)"), (name, text)
    assert re.search(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{20,}", run.asked["a token"])
    assert any(found(run.asked, secret) for name, secret in run.secrets.items() if "key of" in name)
    for prefix in ("", "a", "ab", "Bearer "):
        text = base64.b64encode(f"{prefix}{API_TOKEN}!".encode()).decode()
        assert found({"": text}, API_TOKEN), prefix


def test_no_secret_was_output(leaks: list[Leak]) -> None:
    assert not leaks, "\n".join(f"{leak.secret}, in {leak.where}: ...{leak.text}" for leak in leaks)
