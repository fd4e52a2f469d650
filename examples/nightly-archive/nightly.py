"""Copy the sessions that are new, prove that nothing is missing, and write metrics for Prometheus."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from realtimekit import APIConnectionError, RateLimitError, RealtimeKit, RealtimeKitError, ServerError
from realtimekit.archive import Archive, ArchiveDamagedError

OK, PROBLEMS, TRY_AGAIN, CONFIGURATION = 0, 1, 75, 78  # the last two: EX_TEMPFAIL and EX_CONFIG of sysexits.h

log = logging.getLogger("nightly")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    target = os.environ.get("REALTIMEKIT_ARCHIVE")
    parser.add_argument("target", nargs="?", default=target, help="a folder, s3://..., gs://... or az://...")
    parser.add_argument("--metrics", metavar="FILE", type=Path, help="write metrics for Prometheus to this file")
    options = parser.parse_args(arguments)
    if not options.target:
        parser.error("name the archive, or set REALTIMEKIT_ARCHIVE")

    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.INFO)  # journald and cron add the time
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    code = archive_and_verify(options.target, stop)
    if options.metrics:
        write_metrics(options.metrics, options.target, code)
    return code


def archive_and_verify(target: str, stop: threading.Event) -> int:
    """Return the exit code."""
    try:
        archive = Archive(target)
        with RealtimeKit() as client:
            synced = archive.sync(client, stop=stop)
        verified = archive.verify()
    except (APIConnectionError, RateLimitError, ServerError) as error:
        log.error(error)
        return TRY_AGAIN
    except ArchiveDamagedError as error:
        log.error(error)
        return PROBLEMS
    except RealtimeKitError as error:  # a setting is missing, the token is not valid, the storage refuses
        log.error(error)
        return CONFIGURATION

    problems = [f"{problem.kind}: {problem.where}: {problem.text}" for problem in verified.problems]
    for line in [*synced.failures, *problems]:
        log.error(line)
    log.info("%s new sessions, %s bytes; proven until %s", synced.found, synced.bytes, verified.proven_until)
    if synced.interrupted:
        return TRY_AGAIN
    return OK if synced.ok and verified.ok else PROBLEMS


def write_metrics(path: Path, target: str, code: int) -> None:
    """Replace the file at once: the collector never reads half of it."""
    text = f"# TYPE nightly_archive_exit_code gauge\nnightly_archive_exit_code {code}\n"
    try:
        text += Archive(target, create=False).status().to_prometheus()
    except RealtimeKitError as error:
        log.warning("no state of the archive in the metrics: %s", error)
    new = path.with_name(path.name + ".new")  # the collector reads *.prom
    new.write_text(text, encoding="utf-8")
    new.replace(path)


if __name__ == "__main__":
    sys.exit(main())
