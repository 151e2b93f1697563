"""Damaged reviews by the thousand: no 5xx, no crash, no hang, no growth."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.serving.program import Program, running_program
from tests.serving.reviews import pod, review

JSON = {"content-type": "application/json"}
ROUNDS = 2000
GROWTH = 24 * 1024 * 1024
"""Bytes that the process may grow by after its caches have filled."""

STRANGE: tuple[Any, ...] = (
    None, True, 0, -1, 1 << 80, 1.5, "", "\0", "\ud800", "a" * 70_000, "*", "{", "false", [], {},
    [[]], {"": {}}, [None], {"a": None}, "../..", "$(POD_NAME)", "%REQ(x)%", "9" * 400,
)  # fmt: skip
KEYS = (
    "sidecar.istio.io/inject", "sidecar.istio.io/status", "sidecar.istio.io/proxyCPU",
    "proxy.istio.io/config", "traffic.sidecar.istio.io/includeInboundPorts",
    "sidecar.istio.io/bootstrapOverride", "inject.istio.io/templates",
    "sidecar.istio.io/interceptionMode", "sidecar.istio.io/nativeSidecar",
)  # fmt: skip


def rich() -> dict[str, Any]:
    """Return a review with most members that are read."""
    subject = pod(
        labels={"app": "web"}, annotations={"sidecar.istio.io/proxyCPU": "1"}, generateName="w-"
    )
    probe = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5}
    subject["spec"]["containers"][0] |= {
        "ports": [{"containerPort": 80, "name": "http"}],
        "readinessProbe": probe,
        "lifecycle": {"preStop": {"httpGet": {"port": "http"}}},
    }
    subject["spec"]["initContainers"] = [{"name": "first", "image": "busybox:1.37"}]
    subject["spec"]["volumes"] = [{"name": "v", "emptyDir": {}}]
    return review(subject)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every member and item, as its holder and key."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


def damaged(chance: random.Random) -> bytes:
    """Return a review with some damage, in its values or in its text."""
    whole = rich()
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(list(places(whole)))
        holder[key] = copy.deepcopy(chance.choice(STRANGE))
    if chance.random() < 0.5:
        metadata = {"annotations": {chance.choice(KEYS): chance.choice(STRANGE)}}
        whole["request"] = {**rich()["request"], "object": {**pod(), "metadata": metadata}}
    text = bytearray(
        json.dumps(whole, ensure_ascii=chance.random() < 0.7).encode("utf-8", "surrogatepass")
    )
    if chance.random() < 0.3:
        for _ in range(chance.randint(1, 8)):
            text[chance.randrange(len(text))] = chance.randrange(256)
    if chance.random() < 0.1:
        del text[chance.randrange(len(text)) :]
    return bytes(text)


def resident(program: Program) -> int:
    """Return the bytes of memory that the process has."""
    pages = Path(f"/proc/{program.process.pid}/statm").read_text().split()[1]
    return int(pages) * 4096


def test_damaged_reviews_do_no_damage(tmp_path: Path) -> None:
    """Each is answered: with a 4xx, or with an admission that is no mistake of ours."""
    chance, statuses = random.Random(20), Counter[str]()
    with running_program(tmp_path) as program, program.client() as client:
        settled = 0
        for number in range(ROUNDS):
            statuses[_outcome(client, damaged(chance))] += 1
            if number == ROUNDS // 2:
                settled = resident(program)
        growth = resident(program) - settled
        assert client.get("/healthz").status_code == 200
        assert "pillion_crashes_total 0.0" in program.metrics().splitlines()
    print(f"\n{dict(statuses)}, {growth} bytes more in the second half")
    assert set(statuses) <= {"400", "allowed", "denied"}
    assert all(statuses[outcome] > 50 for outcome in ("400", "allowed", "denied"))
    assert growth < GROWTH


def _outcome(client: httpx.Client, body: bytes) -> str:
    answer = client.post("/inject", content=body, headers=JSON)
    if answer.status_code != 200:
        return str(answer.status_code)
    response = answer.json()["response"]
    if response["allowed"]:
        return "allowed"
    code = response["status"]["code"]
    assert code < 500, (response, body)
    return "denied"
