"""Prints how long editing 500 documents takes, against PyYAML's C load and dump of the same file.

Run: python -m tests.bench.manifests [rounds]
"""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Callable

import yaml

from webhook.manifests import kinds, splice, stream
from webhook.model.edits import Edit, Item, Put, Set, Swap

DOCUMENTS = 500
WORKLOADS = 200
LIMIT = 1.5
"""Times PyYAML's load and dump."""


def main(rounds: int) -> int:
    """Alternate both measurements and print the ratio of their best rounds; 1 if over the limit."""
    text = generate()
    print(f"{DOCUMENTS} documents, {len(text) / 1e6:.2f} MB, {text.count(chr(10))} lines")
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(_timed(lambda: edit(text)))
        theirs.append(_timed(lambda: load_and_dump(text)))
    ratio = min(ours) / min(theirs)
    print(f"edit {min(ours) * 1e3:.0f} ms, load and dump {min(theirs) * 1e3:.0f} ms")
    print(f"ratio {ratio:.2f}, limit {LIMIT}")
    return int(ratio > LIMIT)


def edit(text: str) -> str:
    """Parse, edit, read again and compare every workload; the other documents pass."""
    pieces: list[str] = []
    for document in stream.documents(text, "bench.yaml"):
        workloads = kinds.survey(document).workloads
        if not workloads:
            pieces.append(document.text)
            continue
        changes = [(workload, edits(workload.pod)) for workload in workloads]
        spliced = splice.splice(document, changes)
        if spliced.reason:
            raise SystemExit(f"document {document.place.number} was not spliced: {spliced.reason}")
        pieces.append(spliced.text)
    return "".join(pieces)


def load_and_dump(text: str) -> str:
    """Do what a tool without splicing does."""
    dumped: str = yaml.dump_all(
        yaml.load_all(text, Loader=yaml.CSafeLoader), Dumper=yaml.CSafeDumper, sort_keys=False
    )
    return dumped


def edits(pod: dict[str, object]) -> list[Edit]:
    """Give edits of the size of an injection: labels, two containers, a volume, one probe."""
    bootstrap = (
        '{"node":{"id":"sidecar~x"},"static_resources":{"listeners":[' + '{"a":1},' * 900 + "0]}}"
    )
    proxy = {"name": "istio-proxy", "image": "envoyproxy/envoy:v1.40.0", "args": [bootstrap]}
    return [
        Set(("metadata", "labels", "service.istio.io/canonical-name"), "app"),
        Set(("metadata", "annotations"), {"sidecar.istio.io/status": '{"injector":"pillion"}'}),
        Put(("spec", "initContainers"), None, ({"name": "istio-init", "image": "init"}, proxy)),
        Put(("spec", "volumes"), None, ({"name": "istio-token", "emptyDir": {}},)),
        Swap(
            ("spec", "containers", Item("app-0"), "livenessProbe", "tcpSocket"),
            "httpGet",
            {"port": 15020, "path": "/app-health/app-0/livez"},
        ),
    ]


def generate() -> str:
    """Write the file: workloads of two to four containers among ConfigMaps."""
    chance = random.Random(7)
    order = [True] * WORKLOADS + [False] * (DOCUMENTS - WORKLOADS)
    chance.shuffle(order)
    return "".join(
        _workload(index, chance) if is_workload else _other(index)
        for index, is_workload in enumerate(order)
    )


def _workload(index: int, chance: random.Random) -> str:
    containers = "".join(_container(number, chance) for number in range(chance.randint(2, 4)))
    return f"""---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{index}
  labels: {{app: app-{index}, tier: "{index % 7}"}}
spec:
  replicas: {chance.randint(1, 9)}
  selector:
    matchLabels:
      app: app-{index}
  template:
    metadata:
      labels:
        app: app-{index}
    spec:
      serviceAccountName: app-{index}
      containers:
{containers}      volumes:
      - name: config
        configMap:
          name: config-{index}
"""


def _container(number: int, chance: random.Random) -> str:
    environment = "".join(
        f'        - name: VARIABLE_{entry}\n          value: "{chance.randint(0, 99999)}"\n'
        for entry in range(chance.randint(12, 24))
    )
    return f"""      # container {number}
      - name: app-{number}
        image: registry.example/team/app-{number}@sha256:{chance.randbytes(32).hex()}
        imagePullPolicy: IfNotPresent
        ports:
        - name: http
          containerPort: {8080 + number}
        env:
{environment}        livenessProbe:
          tcpSocket:
            port: http
          periodSeconds: 5
        resources:
          requests: {{cpu: 100m, memory: 128Mi}}
          limits:
            cpu: "1"
            memory: 512Mi
        volumeMounts:
        - name: config
          mountPath: /etc/app
          readOnly: true
"""


def _other(index: int) -> str:
    entries = "".join(f"  setting-{number}: value of {number}\n" for number in range(20))
    return f"""---
apiVersion: v1
kind: ConfigMap
metadata:
  name: config-{index}
data:
{entries}"""


def _timed(task: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
