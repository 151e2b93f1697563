"""Runs Prometheus and Jaeger in a cluster, and reads what they hold."""

import json
from collections.abc import Iterator
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

_ACCOUNT = "prometheus"


def prometheus(watched: Namespace) -> list[KubeManifest]:
    """Return a Prometheus that scrapes the proxies of `watched` as the chart's PodMonitor says.

    It is allowed to read the pods of that namespace and nothing else; the Role and its binding
    belong into `watched`, see `allow_prometheus`.
    """
    configuration = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "prometheus"}}
    made = deployment("prometheus", _pod("prometheus", *_prometheus_arguments()))
    pod = made["spec"]["template"]["spec"]
    pod |= {"serviceAccountName": _ACCOUNT, "volumes": [
        {"name": "configuration", "configMap": {"name": "prometheus"}},
        {"name": "data", "emptyDir": {}},
    ]}  # fmt: skip
    pod["containers"][0]["volumeMounts"] = [
        {"name": "configuration", "mountPath": "/etc/prometheus"},
        {"name": "data", "mountPath": "/data"},
    ]
    # Any user may write the folder of an emptyDir, whatever the pod says of groups.
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _ACCOUNT}}
    text = yaml.safe_dump(_scrape_configuration(watched.name))
    return [account, {**configuration, "data": {"prometheus.yml": text}}, made]


def allow_prometheus(watched: Namespace, namespace: Namespace) -> None:
    """Let the Prometheus in `namespace` list the pods of `watched`."""
    group = "rbac.authorization.k8s.io"
    role = {
        "apiVersion": f"{group}/v1",
        "kind": "Role",
        "metadata": {"name": _ACCOUNT},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}],
    }
    account = {"kind": "ServiceAccount", "name": _ACCOUNT, "namespace": namespace.name}
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": _ACCOUNT},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": _ACCOUNT},
        "subjects": [account],
    }
    watched.apply(role, binding)


def _prometheus_arguments() -> tuple[str, ...]:
    return ("--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/data")


def _scrape_configuration(namespace: str) -> dict[str, Any]:
    keep = [
        ("__meta_kubernetes_pod_container_name", "istio-proxy"),
        ("__meta_kubernetes_pod_container_port_name", "http-envoy-prom"),
    ]
    return {
        "global": {"scrape_interval": f"{SCRAPE_SECONDS}s"},
        "scrape_configs": [
            {
                "job_name": "proxies",
                "metrics_path": "/stats/prometheus",
                "kubernetes_sd_configs": [{"role": "pod", "namespaces": {"names": [namespace]}}],
                "relabel_configs": [
                    *(
                        {"source_labels": [label], "action": "keep", "regex": value}
                        for label, value in keep
                    ),
                    {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "pod"},
                    {"source_labels": ["__meta_kubernetes_pod_label_app"], "target_label": "app"},
                ],
            }
        ],
    }


def _pod(name: str, *arguments: str, **fields: Any) -> KubeManifest:
    container = {
        "name": "app", "image": image(name), "imagePullPolicy": "Never", "args": list(arguments),
        **fields,
    }  # fmt: skip
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
    made = deployment("jaeger", _pod("jaeger", f"--collector.zipkin.host-port=:{ZIPKIN_PORT}"))
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
