"""Prometheus metrics: requests, retries, waits for the rate limit, webhook deliveries, and the state of an archive.

No label contains an id: paths are templates, as in the API's documentation, and names of events and statuses are few.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from typing import TypedDict

from realtimekit.archive import Archive
from realtimekit.instrumentation import url_template
from realtimekit.interfaces import Attempt, Hook
from realtimekit.webhooks import Delivery, Event

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
    from prometheus_client.metrics_core import GaugeMetricFamily, Metric
    from prometheus_client.parser import text_string_to_metric_families
    from prometheus_client.registry import Collector
except ImportError as _error:
    _text = "metrics need the extra `metrics`: pip install 'realtimekit[metrics]'"
    raise ImportError(_text, name=_error.name) from None

_log = logging.getLogger("realtimekit")

WAITS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)  # seconds; the platform's windows have 5 minutes
# What an endpoint responds -> the outcome of a delivery; whatever else is refused.
OUTCOMES = {
    "handled": "handled",
    "already handled": "duplicate",
    "no handler": "no_handler",
    "in progress": "in_progress",
    "a handler failed": "handler_failed",
    "verification unavailable": "unavailable",
    "delivery store unavailable": "unavailable",
}


class ClientHooks(TypedDict):
    """The hooks of a client."""

    on_response: Hook
    on_retry: Hook
    on_wait: Hook


class Metrics:
    """Prometheus metrics of clients, webhook endpoints and archives.

    Example:
        metrics = Metrics()
        client = RealtimeKit(**metrics.hooks)
        endpoint = Endpoint(router, on_delivery=metrics.on_delivery)
        metrics.watch(Archive("s3://bucket/meetings"))

    Args:
        registry: where the metrics are registered; by default prometheus_client's own.

    Raises:
        ValueError: the registry already has them: create one `Metrics`, and share it.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._registry = registry
        call = ("method", "path")
        self._requests = Counter(
            "realtimekit_requests", "Attempts to send a request.", [*call, "status"], registry=registry
        )
        self._seconds = Histogram(
            "realtimekit_request_duration_seconds", "Time until the end of the response.", call, registry=registry
        )
        self._retries = Counter(
            "realtimekit_retries", "Requests that were sent again.", [*call, "status"], registry=registry
        )
        self._waits = Histogram(
            "realtimekit_rate_limit_wait_seconds", "Time that requests waited for the rate limit.", buckets=WAITS,
            registry=registry,
        )  # fmt: skip
        self._deliveries = Counter(
            "realtimekit_webhook_deliveries", "Webhook deliveries.", ["event", "outcome"], registry=registry
        )
        self._delivery_seconds = Histogram(
            "realtimekit_webhook_delivery_duration_seconds", "Time to process a delivery.", ["event"],
            registry=registry,
        )  # fmt: skip

    @property
    def hooks(self) -> ClientHooks:
        """The hooks of a client: `RealtimeKit(**metrics.hooks)`, `configure(**metrics.hooks)`.

        To combine them with hooks of your own, call `on_response`, `on_retry` and `on_wait` from those.
        """
        return {"on_response": self.on_response, "on_retry": self.on_retry, "on_wait": self.on_wait}

    def on_response(self, attempt: Attempt) -> None:
        """Count an attempt: a hook of a client."""
        path = url_template(attempt.path)
        self._requests.labels(attempt.method, path, _status(attempt)).inc()
        if attempt.seconds is not None:
            self._seconds.labels(attempt.method, path).observe(attempt.seconds)

    def on_retry(self, attempt: Attempt) -> None:
        """Count a retry: a hook of a client."""
        self._retries.labels(attempt.method, url_template(attempt.path), _status(attempt)).inc()

    def on_wait(self, attempt: Attempt) -> None:
        """Count a wait for the rate limit: a hook of a client."""
        self._waits.observe(attempt.wait or 0.0)

    def on_delivery(self, delivery: Delivery) -> None:
        """Count a webhook delivery: `Endpoint(router, on_delivery=metrics.on_delivery)`."""
        event = delivery.event if delivery.event in Event.types else "none" if delivery.event is None else "unknown"
        self._deliveries.labels(event, OUTCOMES.get(delivery.response.text, "refused")).inc()
        self._delivery_seconds.labels(event).observe(delivery.seconds)

    def watch(self, archive: Archive, *, max_age: float = 60.0) -> Collector:
        """Export the state of an archive, as `realtimekit archive status --prometheus` prints it.

        It is read on each scrape. If that fails, `realtimekit_archive_up` is 0, and the other metrics are omitted.

        Args:
            archive: the archive; a registry can watch one.
            max_age: seconds for which the state is cached.

        Returns:
            The collector, which `registry.unregister(collector)` removes; then the registry can watch another archive.

        Raises:
            ValueError: the registry already watches an archive.
        """
        collector = _ArchiveCollector(archive, max_age)
        self._registry.register(collector)
        return collector


def _status(attempt: Attempt) -> str:
    """Return the HTTP status of an attempt, or the class of its error; "canceled" for one that was."""
    if attempt.status is not None:
        return str(attempt.status)
    return "canceled" if attempt.error is None else type(attempt.error).__name__


class _ArchiveCollector(Collector):
    """The metrics of an archive, read when they are scraped."""

    def __init__(self, archive: Archive, max_age: float) -> None:
        self._archive = archive
        self._max_age = max_age
        self._lock = threading.Lock()
        self._metrics: list[Metric] = []
        self._read_at: float | None = None

    def describe(self) -> Iterable[Metric]:
        """Return the name that no other collector of the registry may have. Nothing is read."""
        return [_up(0)]

    def collect(self) -> Iterable[Metric]:
        """Return the metrics; `realtimekit_archive_up` alone if the archive cannot be read."""
        with self._lock:
            if self._read_at is None or time.monotonic() - self._read_at >= self._max_age:
                try:
                    text = self._archive.status().to_prometheus()
                    self._metrics = [_up(1), *text_string_to_metric_families(text)]
                except Exception:  # noqa: BLE001 - or none of the service's metrics would be scraped
                    _log.exception("the state of the archive could not be read")
                    self._metrics = [_up(0)]
                self._read_at = time.monotonic()
            return self._metrics


def _up(value: float) -> Metric:
    return GaugeMetricFamily("realtimekit_archive_up", "Whether the state of the archive could be read.", value)
