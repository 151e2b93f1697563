"""Both ways to Pilot work, and on the one with tokens a wrong one is refused, visibly.

The pods here are made by the dry run and applied to a namespace that did not opt in, so that they
can be spoilt in between.
"""

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from tests.apiserver.kube_api import KubeObject
from tests.cluster.cluster import Cluster
from tests.cluster.mesh import pillion_values
from tests.cluster.namespace import Namespace
from tests.cluster.workloads import deployment, service

pytestmark = pytest.mark.cluster

PILLION = Path(__file__).parents[2] / ".venv" / "bin" / "pillion"

Spoiling = Callable[[Namespace, KubeObject], None]


@pytest.mark.parametrize(("connection", "port"), [("token", 15012), ("plaintext", 15010)])
def test_pods_of_the_dry_run_reach_pilot(
    plain_namespace: Namespace, tmp_path: Path, connection: str, port: int
) -> None:
    """What `pillion inject` writes becomes ready and carries traffic, over TLS and in plaintext."""
    server, client = (
        _injected(plain_namespace, tmp_path, name, connection) for name in ("server", "client")
    )
    assert f'"port_value":{port}' in _bootstrap(server) or f":{port}" in _bootstrap(server)
    plain_namespace.apply(server, service("server"), client)
    plain_namespace.wait_ready("deployment/server", "deployment/client")
    found = plain_namespace.load("deployment/client", "http://server/", "--count=10")
    assert found["statuses"] == {"200": 10}
    assert json.loads(found["last"])["headers"]["X-Envoy-Attempt-Count"] == "1"


def _audience(_: Namespace, pod: KubeObject) -> None:
    (token,) = _token_volume(pod)["projected"]["sources"]
    token["serviceAccountToken"]["audience"] = "another"


def _namespace(_: Namespace, pod: KubeObject) -> None:
    (variable,) = [each for each in _sidecar(pod)["env"] if each["name"] == "POD_NAMESPACE"]
    del variable["valueFrom"]
    variable["value"] = "default"


def _expiry(namespace: Namespace, pod: KubeObject) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "expired"}}
    namespace.apply({**secret, "stringData": {"istio-token": _expired_token(namespace)}})
    volume = _token_volume(pod)
    del volume["projected"]
    volume["secret"] = {"secretName": "expired"}


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        pytest.param(_audience, "authentication failure", id="wrong-audience"),
        pytest.param(_namespace, "authorization failed", id="wrong-namespace"),
        pytest.param(_expiry, "authentication failure", id="expired"),
    ],
)
def test_pilot_refuses_who_has_not_the_right_token(
    plain_namespace: Namespace, tmp_path: Path, spoil: Spoiling, word: str
) -> None:
    """The pod does not become ready, and Envoy's log says that Pilot refused it, and why."""
    server = _injected(plain_namespace, tmp_path, "server", "token")
    spoil(plain_namespace, server["spec"]["template"]["spec"])
    plain_namespace.apply(server)

    def is_refused() -> bool:
        if plain_namespace.ask("logs", "deployment/server", "-c", "istio-proxy").returncode:
            return False
        return word in plain_namespace.logs("deployment/server", "istio-proxy")

    plain_namespace.wait_for(is_refused, what=f'log with "{word}"')
    plain_namespace.wait_for(
        lambda: "Startup probe failed" in plain_namespace.kubectl("events"), what="event"
    )
    (condition,) = [
        each
        for each in plain_namespace.pod("server")["status"]["conditions"]
        if each["type"] == "Ready"
    ]
    assert condition["status"] == "False"


def _injected(namespace: Namespace, folder: Path, name: str, connection: str) -> KubeObject:
    """Return a Deployment as the dry run writes it, reaching Pilot by that connection."""
    configuration: dict[str, Any] = pillion_values()["configuration"]
    configuration["pilot"] = {"connection": connection}
    file = folder / "configuration.yaml"
    file.write_text(json.dumps(configuration))
    done = subprocess.run(
        [PILLION, "inject", "--quiet", f"--config={file}", f"--namespace={namespace.name}", "-f-"],
        input=json.dumps(deployment(name)),
        capture_output=True,
        text=True,
        check=True,
    )
    found: KubeObject = json.loads(done.stdout)
    return found


def _sidecar(pod: KubeObject) -> KubeObject:
    found: KubeObject = next(e for e in pod["initContainers"] if e["name"] == "istio-proxy")
    return found


def _bootstrap(workload: KubeObject) -> str:
    arguments: list[str] = _sidecar(workload["spec"]["template"]["spec"])["args"]
    return arguments[arguments.index("--config-yaml") + 1]


def _token_volume(pod: KubeObject) -> KubeObject:
    found: KubeObject = next(each for each in pod["volumes"] if each["name"] == "istio-token")
    return found


def _expired_token(namespace: Namespace) -> str:
    """Return a token of the namespace's service account, rightly signed, whose time is over."""
    head, claims, _ = _fresh_token(namespace.cluster, namespace.name).split(".")
    content = json.loads(base64.urlsafe_b64decode(claims + "=="))
    content |= {
        "exp": content["iat"] - 60,
        "iat": content["iat"] - 3600,
        "nbf": content["iat"] - 3600,
    }
    signed = f"{head}.{_encoded(json.dumps(content).encode())}"
    key = serialization.load_pem_private_key(
        (namespace.cluster.layout.directory / "service-account.key").read_bytes(), None
    )
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    r, s = utils.decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{_encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _fresh_token(cluster: Cluster, namespace: str) -> str:
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/default/token"
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
    answer = cluster.api.create(path, {**request, "spec": {"audiences": ["istio-ca"]}})
    token: str = answer["status"]["token"]
    return token


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
