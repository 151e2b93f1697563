"""Runs Prometheus and Jaeger in a cluster, and reads what they hold."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import yaml

from tests.apiserver.kube_api import KubeObject
from tests.cluster.cluster import Cluster
from tests.cluster.mesh import ISTIO_NAMESPACE, REVISION, image
from tests.cluster.namespace import Namespace
from tests.cluster.traffic import ask
from tests.cluster.workloads import KubeManifest, deployment
from tests.images.build import build

PROMETHEUS_PORT, JAEGER_PORT, ZIPKIN_PORT = 9090, 16686, 9411
SCRAPE_SECONDS = 2

_ARGUMENTS = ("--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/data")


def prometheus(pods: Sequence[KubeObject]) -> list[KubeManifest]:
    """Return a Prometheus that scrapes the proxies of pods, on the port of the chart's PodMonitor.

    Debian's build cannot discover pods, so that it is told their addresses.
    """
    made = deployment("prometheus", _pod("prometheus", "/-/ready", PROMETHEUS_PORT, *_ARGUMENTS))
    pod = made["spec"]["template"]["spec"]
    pod["volumes"] = [
        {"name": "configuration", "configMap": {"name": "prometheus"}},
        {"name": "data", "emptyDir": {}},
    ]
    pod["containers"][0]["volumeMounts"] = [
        {"name": "configuration", "mountPath": "/etc/prometheus"},
        {"name": "data", "mountPath": "/data"},
    ]
    configuration = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "prometheus"},
        "data": {"prometheus.yml": yaml.safe_dump(_scrape_configuration(pods))},
    }
    return [configuration, made]


def _scrape_configuration(pods: Sequence[KubeObject]) -> dict[str, Any]:
    job = {
        "job_name": "proxies",
        "metrics_path": "/stats/prometheus",
        "static_configs": [_target(pod) for pod in pods],
    }
    return {"global": {"scrape_interval": f"{SCRAPE_SECONDS}s"}, "scrape_configs": [job]}


def _target(pod: KubeObject) -> dict[str, Any]:
    (proxy,) = (each for each in pod["spec"]["initContainers"] if each["name"] == "istio-proxy")
    (port,) = (
        each["containerPort"] for each in proxy["ports"] if each["name"] == "http-envoy-prom"
    )
    labels = {"app": pod["metadata"]["labels"]["app"], "pod": pod["metadata"]["name"]}
    return {"targets": [f"{pod['status']['podIP']}:{port}"], "labels": labels}


def _pod(name: str, ready_path: str, port: int, *arguments: str) -> KubeManifest:
    container = {
        "name": "app",
        "image": image(name),
        "imagePullPolicy": "Never",
        "args": list(arguments),
        "readinessProbe": {"httpGet": {"path": ready_path, "port": port}, "periodSeconds": 1},
    }
    return {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
    }


def queried(namespace: Namespace, query: str) -> list[KubeObject]:
    """Return the samples that Prometheus has for a query now."""
    address = namespace.pod("prometheus")["status"]["podIP"]
    with_query = f"http://{address}:{PROMETHEUS_PORT}/api/v1/query?query={_quoted(query)}"
    found: list[KubeObject] = ask(namespace.cluster, with_query).json()["data"]["result"]
    return found


def number(namespace: Namespace, query: str) -> float:
    """Return the value of a query that has one; 0 where there is none yet."""
    found = queried(namespace, query)
    return float(found[0]["value"][1]) if found else 0.0


def _quoted(query: str) -> str:
    return "".join(each if each.isalnum() else f"%{ord(each):02X}" for each in query)


def jaeger() -> list[KubeManifest]:
    """Return a Jaeger, and the Service by which proxies send spans in Zipkin's format."""
    receiver = f"--collector.zipkin.host-port=:{ZIPKIN_PORT}"
    made = deployment("jaeger", _pod("jaeger", "/", JAEGER_PORT, receiver))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "jaeger"},
        "spec": {
            "selector": {"app": "jaeger"},
            "ports": [{"name": "http-zipkin", "port": ZIPKIN_PORT}],
        },
    }
    return [made, service]


def traces(namespace: Namespace, service: str) -> list[KubeObject]:
    """Return the traces that Jaeger has of a service, by its API."""
    address = namespace.pod("jaeger")["status"]["podIP"]
    url = f"http://{address}:{JAEGER_PORT}/api/traces?service={_quoted(service)}&limit=100"
    found: list[KubeObject] = ask(namespace.cluster, url).json()["data"] or []
    return found


@contextmanager
def tracing_provider(mesh: Cluster, name: str, host: str) -> Iterator[None]:
    """Name a receiver of spans in Pilot's mesh configuration, for the length of a block."""
    path = f"/api/v1/namespaces/{ISTIO_NAMESPACE}/configmaps/istio-{REVISION}"
    before = mesh.api.get(path)["data"]["mesh"]
    configuration = yaml.safe_load(before)
    provider = {"name": name, "zipkin": {"service": host, "port": ZIPKIN_PORT}}
    changed = {**configuration, "extensionProviders": [provider]}
    _write_mesh(mesh, json.dumps(changed))
    try:
        yield
    finally:
        _write_mesh(mesh, before)


def _write_mesh(mesh: Cluster, text: str) -> None:
    patch = json.dumps({"data": {"mesh": text}})
    done = mesh.kubectl(
        *("patch", "configmap", f"istio-{REVISION}", f"--namespace={ISTIO_NAMESPACE}"),
        *("--type=merge", f"--patch={patch}"),
    )
    assert done.returncode == 0, done.stderr


def load_images(mesh: Cluster, *names: str) -> None:
    """Import images that no other test needs."""
    for name in names:
        mesh.load_image(build(name))
