"""The catalogue is complete, and says what each key does."""

from __future__ import annotations

from collections import Counter

import pytest

from webhook.injection.annotations import CATALOGUE, RELEVANT
from webhook.injection.catalogue.entry import Place, Support

# Every annotation that Istio's injector, its agent or its annotation registry (for pods with a
# sidecar) reads; istio.io/api annotation/annotations.gen.go and pkg/kube/inject at 1.32.
ANNOTATIONS = [
    "sidecar.istio.io/inject",
    "inject.istio.io/templates",
    "sidecar.istio.io/nativeSidecar",
    "sidecar.istio.io/interceptionMode",
    "status.sidecar.istio.io/port",
    "readiness.status.sidecar.istio.io/initialDelaySeconds",
    "readiness.status.sidecar.istio.io/periodSeconds",
    "readiness.status.sidecar.istio.io/failureThreshold",
    "readiness.status.sidecar.istio.io/applicationPorts",
    "traffic.sidecar.istio.io/includeOutboundIPRanges",
    "traffic.sidecar.istio.io/excludeOutboundIPRanges",
    "traffic.sidecar.istio.io/includeInboundPorts",
    "traffic.sidecar.istio.io/excludeInboundPorts",
    "traffic.sidecar.istio.io/includeOutboundPorts",
    "traffic.sidecar.istio.io/excludeOutboundPorts",
    "traffic.sidecar.istio.io/excludeInterfaces",
    "traffic.sidecar.istio.io/kubevirtInterfaces",
    "istio.io/reroute-virtual-interfaces",
    "proxy.istio.io/config",
    "sidecar.istio.io/proxyCPU",
    "sidecar.istio.io/proxyMemory",
    "sidecar.istio.io/proxyCPULimit",
    "sidecar.istio.io/proxyMemoryLimit",
    "prometheus.istio.io/merge-metrics",
    "prometheus.io/scrape",
    "prometheus.io/port",
    "prometheus.io/path",
    "prometheus.istio.io/scrape-targets",
    "prometheus.istio.io/secure-port",
    "sidecar.istio.io/rewriteAppHTTPProbers",
    "sidecar.istio.io/proxyImage",
    "sidecar.istio.io/proxyImageType",
    "sidecar.istio.io/logLevel",
    "sidecar.istio.io/componentLogLevel",
    "sidecar.istio.io/agentLogLevel",
    "sidecar.istio.io/bootstrapOverride",
    "sidecar.istio.io/userVolume",
    "sidecar.istio.io/userVolumeMount",
    "sidecar.istio.io/capNetBindService",
    "apm.datadoghq.com/env",
    "resource.opentelemetry.io/service.namespace",
    "resource.opentelemetry.io/service.version",
    "resource.opentelemetry.io/service.instance.id",
    "k8s.v1.cni.cncf.io/networks",
    "kubectl.kubernetes.io/default-container",
    "kubectl.kubernetes.io/default-logs-container",
    "sidecar.istio.io/status",
    "proxy.istio.io/overrides",
    "sidecar.istio.io/discoveryAddress",
    "sidecar.istio.io/statsInclusionPrefixes",
    "sidecar.istio.io/statsInclusionSuffixes",
    "sidecar.istio.io/statsInclusionRegexps",
    "sidecar.istio.io/extraStatTags",
    "sidecar.istio.io/statsHistogramBuckets",
    "sidecar.istio.io/statsHistogramBins",
    "sidecar.istio.io/statsFlushInterval",
    "sidecar.istio.io/statsEvictionInterval",
    "sidecar.istio.io/statsCompression",
    "istio.io/rev",
]
LABELS = [
    "istio.io/rev",
    "sidecar.istio.io/inject",
    "topology.istio.io/network",
    "service.istio.io/canonical-name",
    "service.istio.io/canonical-revision",
    "service.istio.io/workload-name",
    "app.kubernetes.io/name",
    "app.kubernetes.io/version",
    "app",
    "version",
    "security.istio.io/tlsMode",
    "networking.istio.io/tunnel",
    "pod-template-hash",
    "rollouts-pod-template-hash",
    "deploymentconfig",
    "istio.io/dataplane-mode",
]
NAMESPACE_LABELS = ["istio-injection", "istio.io/rev"]


@pytest.mark.parametrize(
    ("place", "keys"),
    [
        (Place.ANNOTATION, ANNOTATIONS),
        (Place.LABEL, LABELS),
        (Place.NAMESPACE_LABEL, NAMESPACE_LABELS),
    ],
)
def test_the_catalogue_has_every_key_of_istio(place: Place, keys: list[str]) -> None:
    """Exactly the keys that Istio reads, and Pillion's reasons to skip, are in the catalogue."""
    assert sorted(entry.key for entry in CATALOGUE if entry.place is place) == sorted(keys)


def test_every_key_is_there_once() -> None:
    """A key stands once in each place."""
    assert set(Counter((entry.key, entry.place) for entry in CATALOGUE).values()) == {1}


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: f"{entry.place}-{entry.key}")
def test_an_entry_says_what_it_does(entry: object) -> None:
    """Every entry has all its words; one that is not honoured says why and what to do instead."""
    assert isinstance(entry, type(CATALOGUE[0]))
    assert all(
        part and part == part.strip() for part in (entry.accepted, entry.default, entry.effect)
    )
    assert (entry.support is Support.DEGRADED) is bool(entry.instead)


def test_what_changes_a_pod_is_relevant() -> None:
    """The cache key holds each annotation that has a change, and no other."""
    assert {entry.key for entry in CATALOGUE if entry.change is not None} == RELEVANT
