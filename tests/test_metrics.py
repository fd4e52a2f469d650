"""`realtimekit.metrics`, and the dashboard made of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from realtimekit import APIConnectionError, APITimeoutError, RealtimeKit
from realtimekit.archive import Archive
from realtimekit.contract import load_slice
from realtimekit.interfaces import Attempt
from realtimekit.metrics import OUTCOMES, Metrics
from realtimekit.webhooks import Delivery, Endpoint, Event, Receiver, Router, WebhookResponse

from .archive.raw import START, make_archive, put_session, transcript, update
from .conftest import Demo
from .webhooks import samples
from .webhooks.platform import Signer

DOCS = Path(__file__).parents[1] / "docs"
SESSION = "/accounts/{account_id}/realtime/kit/{app_id}/sessions/{session_id}"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry)


def exported(registry: CollectorRegistry) -> dict[str, float]:
    """Return the samples as they are scraped, without those of buckets and of when a counter was created."""
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_created"))
    }


class TestRequests:
    def test_over_http(self, demo: Demo, metrics: Metrics, registry: CollectorRegistry) -> None:
        demo.emulator.add_fault(path="*/sessions/sess-1", status=503, times=1)
        with RealtimeKit(**demo.settings, **metrics.hooks) as client:
            session = client.sessions.find("sess-1")
            session.transcript.segments()
        found = exported(registry)
        assert found[f"realtimekit_requests_total GET {SESSION} 503"] == 1
        assert found[f"realtimekit_requests_total GET {SESSION} 200"] == 1
        assert found[f"realtimekit_retries_total GET {SESSION} 503"] == 1
        assert found["realtimekit_requests_total GET /{file} 200"] == 1
        assert found[f"realtimekit_request_duration_seconds_count GET {SESSION}"] == 2
        assert 0 < found[f"realtimekit_request_duration_seconds_sum GET {SESSION}"] < 60
        assert "sess-1" not in generate_latest(registry).decode()

    def test_without_a_network(self, metrics: Metrics, registry: CollectorRegistry) -> None:
        settings: Any = {"api_token": "t", "account_id": "a", "app_id": "b", "base_url": "http://127.0.0.1:9"}
        with RealtimeKit(**settings, **metrics.hooks, max_retries=0) as client, pytest.raises(APIConnectionError):
            client.sessions.find("sess-1")
        assert exported(registry)[f"realtimekit_requests_total GET {SESSION} APIConnectionError"] == 1

    def test_what_has_no_status(self, metrics: Metrics, registry: CollectorRegistry) -> None:
        timeout = APITimeoutError("no response", maybe_processed=True)
        metrics.on_response(Attempt("GET", "/x", 1, error=timeout, seconds=30.0))
        metrics.on_response(Attempt("GET", "/x", 1, seconds=1.0))
        found = exported(registry)
        assert found["realtimekit_requests_total GET /{file} APITimeoutError"] == 1
        assert found["realtimekit_requests_total GET /{file} canceled"] == 1

    def test_waits_for_the_rate_limit(self, metrics: Metrics, registry: CollectorRegistry) -> None:
        metrics.on_wait(Attempt("GET", "/x", 1, wait=4.0))
        assert exported(registry)["realtimekit_rate_limit_wait_seconds_sum"] == 4.0

    def test_no_label_grows_with_the_ids(self, metrics: Metrics, registry: CollectorRegistry) -> None:
        """As many series as there are operations, however many accounts, meetings and people."""
        paths = sorted(load_slice()["paths"])
        for number in range(3):
            for path in paths:
                metrics.on_response(Attempt("GET", re.sub(r"{\w+}", f"id-{number}", path), 1, 200, seconds=1.0))
                metrics.on_response(Attempt("GET", f"/storage/{number}/file.mp4", 1, 200, seconds=1.0))
        series = [name for name in exported(registry) if name.startswith("realtimekit_requests_total")]
        assert len(series) == len(paths) + 1


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer.made_in(tmp_path_factory.mktemp("key"))


class TestDeliveries:
    def test_outcomes(
        self, metrics: Metrics, registry: CollectorRegistry, signer: Signer, caplog: pytest.LogCaptureFixture
    ) -> None:
        router = Router()
        failures: list[Exception | None] = [LookupError(), None]

        @router.on("meeting.ended")
        def ended(event: Event) -> None:
            if (failure := failures.pop(0)) is not None:
                raise failure

        endpoint = Endpoint(router, receiver=Receiver(signer.pem), on_delivery=metrics.on_delivery)
        body, headers = signer.delivery(samples.ENDED)
        for _ in range(3):
            endpoint.handle(body, headers)
        endpoint.handle(*signer.delivery(samples.STARTED))
        endpoint.handle(*signer.delivery({"event": "meeting.invented"}))
        endpoint.handle(body, {})
        found = {name: value for name, value in exported(registry).items() if "deliveries" in name}
        assert found == {
            f"realtimekit_webhook_deliveries_total {labels}": 1.0
            for labels in (
                "meeting.ended handler_failed", "meeting.ended handled", "meeting.ended duplicate",
                "meeting.started no_handler", "unknown no_handler", "none refused",
            )
        }  # fmt: skip
        assert exported(registry)["realtimekit_webhook_delivery_duration_seconds_count meeting.ended"] == 3

    def test_every_response_of_an_endpoint_has_an_outcome(self) -> None:
        source = (Path(sys.modules[Endpoint.__module__].__file__ or "")).read_text(encoding="utf-8")
        assert set(OUTCOMES) == set(re.findall(r'WebhookResponse\(\d+, "([^"]+)"\)', source))

    def test_an_error_is_no_label(self, metrics: Metrics, registry: CollectorRegistry) -> None:
        for number in range(5):
            metrics.on_delivery(Delivery(None, WebhookResponse(401, f"the signature {number} is wrong"), 0.1))
        assert exported(registry)["realtimekit_webhook_deliveries_total none refused"] == 5


class TestArchives:
    @pytest.fixture
    def archive(self, tmp_path: Path) -> Archive:
        archive = make_archive(tmp_path / "archive")
        put_session(archive, "s1", transcript=transcript((0, "Alice", "hello")))
        update(archive)
        return archive

    def test_the_names_and_values_of_the_command(
        self, archive: Archive, metrics: Metrics, registry: CollectorRegistry
    ) -> None:
        metrics.watch(archive)
        printed = [*text_string_to_metric_families(archive.status().to_prometheus())]
        scraped = {family.name: family for family in registry.collect()}
        assert len(printed) >= 6
        for family in printed:
            assert scraped[family.name].documentation == family.documentation
            assert [sample[:2] for sample in scraped[family.name].samples] == [each[:2] for each in family.samples]
        assert exported(registry)["realtimekit_archive_sessions"] == 1
        assert exported(registry)["realtimekit_archive_up"] == 1

    def test_it_is_read_again_when_it_is_old(
        self, archive: Archive, metrics: Metrics, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [0.0]
        monkeypatch.setattr("realtimekit.metrics.time.monotonic", lambda: now[0])
        metrics.watch(archive, max_age=60)

        def sessions() -> float:
            return exported(registry)["realtimekit_archive_sessions"]

        assert sessions() == 1
        put_session(archive, "s2")
        update(archive)
        now[0] = 59.9
        assert sessions() == 1
        now[0] = 60.0
        assert sessions() == 2

    def test_an_empty_one(self, tmp_path: Path, metrics: Metrics, registry: CollectorRegistry) -> None:
        metrics.watch(make_archive(tmp_path))
        assert exported(registry)["realtimekit_archive_sessions"] == 0

    def test_none_at_all_does_not_fail_the_scrape(
        self, tmp_path: Path, metrics: Metrics, registry: CollectorRegistry
    ) -> None:
        metrics.watch(Archive(tmp_path))
        metrics.on_wait(Attempt("GET", "/x", 1, wait=4.0))
        found = exported(registry)
        assert found["realtimekit_archive_up"] == 0
        assert found["realtimekit_rate_limit_wait_seconds_count"] == 1
        assert "realtimekit_archive_sessions" not in found

    def test_whatever_fails_does_not_fail_the_scrape(
        self, archive: Archive, metrics: Metrics, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_: Archive) -> None:
            raise ValueError("a damaged file")

        monkeypatch.setattr(Archive, "status", fail)
        metrics.watch(archive)
        assert exported(registry)["realtimekit_archive_up"] == 0

    def test_a_registry_has_one(
        self, archive: Archive, tmp_path: Path, metrics: Metrics, registry: CollectorRegistry
    ) -> None:
        collector = metrics.watch(archive)
        with pytest.raises(ValueError, match="realtimekit_archive_up"):
            metrics.watch(archive)
        registry.unregister(collector)
        assert "realtimekit_archive_up" not in exported(registry)
        metrics.watch(make_archive(tmp_path / "another"))
        assert exported(registry)["realtimekit_archive_sessions"] == 0


def test_one_registry_has_the_metrics_once(registry: CollectorRegistry) -> None:
    Metrics(registry)
    with pytest.raises(ValueError, match="realtimekit_requests"):
        Metrics(registry)


def test_several_processes_are_summed(tmp_path: Path) -> None:
    """As docs/observability.md says: prometheus_client writes files, and one process reads them."""
    script = """
import os
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from realtimekit.interfaces import Attempt
from realtimekit.metrics import Metrics
metrics = Metrics()
if (child := os.fork()) == 0:
    metrics.on_response(Attempt("GET", "/x", 1, 200, seconds=1.0))
    os._exit(0)
os.waitpid(child, 0)
metrics.on_response(Attempt("GET", "/x", 1, 200, seconds=1.0))
registry = CollectorRegistry()
MultiProcessCollector(registry)
print(generate_latest(registry).decode())
"""
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    result = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert 'realtimekit_requests_total{method="GET",path="/{file}",status="200"} 2.0' in result.stdout


# --- the dashboard, and the documents ---------------------------------------------------------------------------------


@pytest.fixture
def names(metrics: Metrics, registry: CollectorRegistry, tmp_path: Path) -> dict[str, set[str]]:
    """Return metric -> the names of its samples, of everything that can be exported."""
    archive = make_archive(tmp_path)
    put_session(archive, "s1")
    update(archive)
    metrics.watch(archive)
    whole = archive.status()._replace(unproven_seconds=1.0, next_deadline=START)  # exported only when they are known
    families = [*registry.collect(), *text_string_to_metric_families(whole.to_prometheus())]
    suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"], "gauge": [""]}
    return {
        family.name + "_total" * (family.type == "counter"): {family.name + end for end in suffixes[family.type]}
        for family in families
    }


def dashboard() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DOCS / "grafana-dashboard.json").read_text(encoding="utf-8"))
    return document


def expressions(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, child in value.items():
            if name == "expr":
                yield child
            else:
                yield from expressions(child)
    elif isinstance(value, list):
        for child in value:
            yield from expressions(child)


def test_every_metric_of_the_dashboard_exists(names: dict[str, set[str]]) -> None:
    samples = set[str]().union(*names.values())
    used = {name for expression in expressions(dashboard()) for name in re.findall(r"realtimekit_\w+", expression)}
    assert used
    assert used <= samples


def test_the_dashboard_shows_every_metric(names: dict[str, set[str]]) -> None:
    text = " ".join(expressions(dashboard()))
    unseen = {name for name, samples in names.items() if not any(sample in text for sample in samples)}
    assert unseen == set()


def test_the_dashboard_can_be_imported() -> None:
    """Grafana asks for the source of the data, and replaces it everywhere."""
    document = dashboard()
    (given,) = document["__inputs"]
    assert (given["name"], given["pluginId"]) == ("DS_PROMETHEUS", "prometheus")
    panels = [panel for panel in document["panels"] if panel["type"] != "row"]
    assert all(panel["datasource"]["uid"] == "${DS_PROMETHEUS}" for panel in panels)
    assert all(panel["title"] and panel["targets"] for panel in panels)
    ids = [panel["id"] for panel in document["panels"]]
    assert len(ids) == len(set(ids))


def test_every_metric_is_documented(names: dict[str, set[str]]) -> None:
    text = (DOCS / "observability.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(realtimekit_\w+)`", text, re.MULTILINE)) == set(names)


def test_an_error_names_the_extra() -> None:
    script = "import sys; sys.modules['prometheus_client'] = None; import realtimekit.metrics"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "pip install 'realtimekit[metrics]'" in result.stderr.splitlines()[-1]
