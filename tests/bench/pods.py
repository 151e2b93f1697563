"""Distinct realistic admission requests, as an API server sends them."""

from __future__ import annotations

import json
from typing import Any

_MANAGED = {
    "manager": "kube-controller-manager",
    "operation": "Update",
    "apiVersion": "v1",
    "time": "2026-01-01T00:00:00Z",
    "fieldsType": "FieldsV1",
}


def review(number: int, *, containers: int = 3, probes: int = 0, env: int = 12) -> dict[str, Any]:
    """Return an AdmissionReview of a pod that a Deployment's ReplicaSet makes.

    With three containers and no probe it is about 7.6 KB of JSON, the size that the targets name.
    `probes` are spread over the containers, at most three to one.
    """
    app = f"service-{number}"
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{app}-5d4f8c7b9-",
            "namespace": f"team-{number % 40}",
            "creationTimestamp": None,
            "labels": {
                "app": app,
                "version": f"v{number % 7}",
                "team": f"team-{number % 40}",
                "pod-template-hash": "5d4f8c7b9",
            },
            "annotations": {
                "checksum/config": f"{number:064x}",
                "example.com/owner": f"o-{number}",
            },
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "ReplicaSet",
                    "name": f"{app}-5d4f8c7b9",
                    "uid": f"8a7d1c9e-0000-4000-8000-{number:012d}",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
            "managedFields": [
                {**_MANAGED, "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}}}
            ],
        },
        "spec": {
            "volumes": [
                {"name": "config", "configMap": {"name": f"{app}-config", "defaultMode": 420}},
                {"name": "cache", "emptyDir": {}},
                {
                    "name": "kube-api-access-x7k2p",
                    "projected": {
                        "defaultMode": 420,
                        "sources": [
                            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                            {"configMap": {"name": "kube-root-ca.crt"}},
                        ],
                    },
                },
            ],
            "containers": [
                _container(index, app, env, _share(probes, containers, index))
                for index in range(containers)
            ],
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": app,
            "serviceAccount": app,
            "securityContext": {},
            "schedulerName": "default-scheduler",
            "tolerations": [
                {
                    "key": f"node.kubernetes.io/{kind}",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300,
                }
                for kind in ("not-ready", "unreachable")
            ],
            "priority": 0,
            "enableServiceLinks": True,
            "preemptionPolicy": "PreemptLowerPriority",
        },
        "status": {},
    }
    return {
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": f"705ab4f5-6393-11e8-b7cc-{number:012d}",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
            "requestResource": {"group": "", "version": "v1", "resource": "pods"},
            "namespace": f"team-{number % 40}",
            "operation": "CREATE",
            "userInfo": {
                "username": "system:serviceaccount:kube-system:replicaset-controller",
                "uid": "a7b3c8d2-0000-4000-8000-000000000000",
                "groups": ["system:serviceaccounts", "system:authenticated"],
            },
            "object": pod,
            "oldObject": None,
            "dryRun": False,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    }


def body(number: int, **shape: int) -> bytes:
    """Return the request's body, compact as the API server writes it."""
    return json.dumps(review(number, **shape), separators=(",", ":")).encode()


def _share(probes: int, containers: int, index: int) -> int:
    return probes // containers + (index < probes % containers)


def _container(index: int, app: str, env: int, probes: int) -> dict[str, Any]:
    name = ("app", "metrics", "cache")[index] if index < 3 else f"extra-{index}"
    port = 8080 + index
    container: dict[str, Any] = {
        "name": name,
        "image": f"example/{app}-{name}:1.{index}.0",
        "args": ["--listen", f":{port}", "--config", "/etc/app/config.yaml"],
        "ports": [{"name": f"http-{index}", "containerPort": port, "protocol": "TCP"}],
        "env": [
            {"name": f"SETTING_{number}", "value": f"http://dependency-{number}.{app}:8080/path"}
            for number in range(env)
        ],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "500m", "memory": "256Mi"},
        },
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/app", "readOnly": True},
            {"name": "cache", "mountPath": "/var/cache/app"},
            {
                "name": "kube-api-access-x7k2p",
                "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                "readOnly": True,
            },
        ],
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
        },
    }
    kinds = ("readinessProbe", "livenessProbe", "startupProbe")
    for kind in kinds[:probes]:
        container[kind] = {
            "httpGet": {
                "path": f"/{app}/{kind.lower()}",
                "port": f"http-{index}",
                "scheme": "HTTP",
            },
            "timeoutSeconds": 1,
            "periodSeconds": 10,
            "successThreshold": 1,
            "failureThreshold": 3,
        }
    return container
