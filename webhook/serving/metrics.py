"""Every metric of the webhook, and the children that the hot path increments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_OPERATIONS: Final = frozenset({"CREATE", "UPDATE", "DELETE", "CONNECT"})
"""Of admission.k8s.io/v1; any other text counts as `other`, so that no client adds a series."""
_DURATIONS: Final = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
)  # fmt: skip
"""Seconds; an injection takes a tenth of a millisecond, and the API server waits 5 s."""
_SIZES: Final = tuple(float(1024 * 4**power) for power in range(8))
"""Bytes: 1 KiB to 16 MiB; an AdmissionReview of a pod has about 8 KiB."""


class Metrics:
    """Holds the registry; made once by the composition root."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._admissions = Counter(
            "pillion_admissions",
            "Answered admission requests.",
            ("operation", "decision", "reason"),
            registry=self.registry,
        )
        self._answered: dict[tuple[str, str, str], Counter] = {}
        self._duration = Histogram(
            "pillion_admission_duration_seconds",
            "From the whole request in memory to the whole answer in memory.",
            buckets=_DURATIONS,
            registry=self.registry,
        )
        self._request_bytes = Histogram(
            "pillion_admission_request_bytes",
            "Size of the body of admission requests.",
            buckets=_SIZES,
            registry=self.registry,
        )
        self._in_flight = Gauge(
            "pillion_admissions_in_flight",
            "Requests of which the head was read and the answer is not yet written.",
            registry=self.registry,
        )
        self._refused = Counter(
            "pillion_requests_refused",
            "HTTP requests to /inject that are no admission request we can answer, by HTTP status.",
            ("status",),
            registry=self.registry,
        )
        self.crashes = Counter(
            "pillion_crashes",
            "Admissions that failed by a mistake of ours; each is in the log with its traceback.",
            registry=self.registry,
        )
        self._dropped = Counter(
            "pillion_connections_dropped",
            "Connections ended because the client was too slow, too big, malformed or too many.",
            ("reason",),
            registry=self.registry,
        )

        self._generation = Gauge(
            "pillion_configuration_generation",
            "How many configurations this process has adopted.",
            registry=self.registry,
        )
        self._last_reload = Gauge(
            "pillion_configuration_last_reload_successful",
            "1 when the newest configuration file is in use, 0 when it was refused.",
            registry=self.registry,
        )
        self._not_after = Gauge(
            "pillion_certificate_not_after_seconds",
            "Unix time at which a certificate in use ends.",
            ("kind",),
            registry=self.registry,
        )
        self._rotations = Counter(
            "pillion_certificate_rotations",
            "Certificates that this process started to use.",
            ("kind",),
            registry=self.registry,
        )

        self._in_sync = Gauge(
            "pillion_cabundle_in_sync",
            "1 when every webhook configuration has exactly the caBundle that it should have.",
            registry=self.registry,
        )
        self._bundle_writes = Counter(
            "pillion_cabundle_patches",
            "Attempts to write the caBundle, by their result and what was there before.",
            ("result", "reason"),
            registry=self.registry,
        )
        self._competitor = Gauge(
            "pillion_cabundle_competing_writer",
            "1 while somebody else keeps changing the caBundle and we have stopped to write it.",
            registry=self.registry,
        )

    def answered(
        self, operation: str, decision: str, reason: str, *, seconds: float, size: int
    ) -> None:
        """Count one answered admission."""
        key = (operation, decision, reason)
        child = self._answered.get(key)
        if child is None:
            child = self._child(*key)
            if operation in _OPERATIONS:
                self._answered[key] = child
        child.inc()
        self._duration.observe(seconds)
        self._request_bytes.observe(size)

    def refused(self, status: int) -> None:
        """Count one request that got this HTTP status instead of an AdmissionReview."""
        self._refused.labels(str(status)).inc()

    def dropped(self, reason: str) -> None:
        """Count one connection that we ended; `reason` is one of a few fixed words."""
        self._dropped.labels(reason).inc()

    def watch_in_flight(self, count: Callable[[], int]) -> None:
        """Ask `count` at each scrape: cheaper than counting up and down in each request."""
        self._in_flight.set_function(count)

    def configuration(self, generation: int, *, is_good: bool) -> None:
        """Show the number of the configuration in use, and whether the newest one was good."""
        self._generation.set(generation)
        self._last_reload.set(int(is_good))

    def certificate(self, kind: str, not_after: datetime) -> None:
        """Show the end of a certificate's life that came into use; `kind` is ca or leaf."""
        self._not_after.labels(kind).set(not_after.timestamp())
        self._rotations.labels(kind).inc()

    def bundle_in_sync(self, is_in_sync: bool) -> None:  # noqa: FBT001 - one fact
        """Show whether the API server has the caBundle that it should have."""
        self._in_sync.set(int(is_in_sync))

    def bundle_written(self, result: str, reason: str) -> None:
        """Count an attempt to write the caBundle."""
        self._bundle_writes.labels(result, reason).inc()

    def competing_writer(self, is_there: bool) -> None:  # noqa: FBT001 - one fact
        """Show whether somebody else keeps changing the caBundle."""
        self._competitor.set(int(is_there))

    def _child(self, operation: str, decision: str, reason: str) -> Counter:
        known = operation if operation in _OPERATIONS else "other"
        return self._admissions.labels(known, decision, reason)
