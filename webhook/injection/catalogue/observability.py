"""Keys of metrics and tracing that need Istio's agent, or that Pillion leaves alone."""

from __future__ import annotations

from typing import Final

from webhook.injection.annotation_values import boolean
from webhook.injection.catalogue.entry import ANY_TEXT, Entry, degraded

_SCRAPE: Final = (
    "no agent merges metrics; scrape the proxy's port 15090 at /stats/prometheus beside the "
    "application's own port"
)
_OPEN_TELEMETRY: Final = (
    "no agent writes resource attributes; set OTEL_RESOURCE_ATTRIBUTES in env of a container "
    "istio-proxy with image auto"
)


def _untouched(key: str, what: str) -> Entry:
    return Entry(
        key=key,
        accepted=ANY_TEXT,
        default="not written",
        effect=f"{what}; left as it is, so Prometheus scrapes the application itself",
    )


ENTRIES: Final = (
    _untouched("prometheus.io/scrape", "whether the application is scraped"),
    _untouched("prometheus.io/port", "the application's metrics port"),
    _untouched("prometheus.io/path", "the application's metrics path"),
    degraded(
        "prometheus.istio.io/merge-metrics",
        accepted="true or false",
        default="false",
        effect="metrics of application and proxy on one port",
        instead=_SCRAPE,
        parse=boolean,
        asks=lambda _, merge: bool(merge),
    ),
    degraded(
        "prometheus.istio.io/scrape-targets",
        effect="further ports to merge metrics from",
        instead=_SCRAPE,
    ),
    degraded(
        "prometheus.istio.io/secure-port",
        effect="a port that serves merged metrics over mutual TLS",
        instead=_SCRAPE,
    ),
    degraded(
        "apm.datadoghq.com/env",
        effect="environment variables of Datadog's tracer in Istio's proxy",
        instead="the bootstrap has no Datadog tracer; use an OpenTelemetry or Zipkin provider",
    ),
    degraded(
        "resource.opentelemetry.io/service.namespace",
        effect="a resource attribute of the proxy's spans",
        instead=_OPEN_TELEMETRY,
    ),
    degraded(
        "resource.opentelemetry.io/service.version",
        effect="a resource attribute of the proxy's spans",
        instead=_OPEN_TELEMETRY,
    ),
    degraded(
        "resource.opentelemetry.io/service.instance.id",
        effect="a resource attribute of the proxy's spans",
        instead=_OPEN_TELEMETRY,
    ),
)
