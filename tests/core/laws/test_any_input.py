"""No input makes anything but the outcomes that are declared."""

from __future__ import annotations

import contextlib
import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.injection import sample
from tests.core.injection.sample import CONTEXT
from tests.core.laws import pods
from tests.core.laws.engines import Configuration, after, engines
from tests.core.laws.test_edits import patched
from webhook.injection.apply import decoded
from webhook.injection.engine import Denied, Explanation, Injected, Skipped, apply_stages
from webhook.model import names
from webhook.model.errors import PodRejected

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**31, 2**63, 2**64, 2**70, 1.5, 1e300, "", "x", "1.2.3", "٣"),
    *([], {}, [None], [[]], [{}], [1], {"name": 1}, {"name": {}}, [{"name": []}], [{"name": None}]),
    *("9" * 5000, {"": ""}, {"$patch": "delete"}, {"name": "istio-proxy"}, [{"name": "app"}]),
)
"""What stands where something else was expected."""


def _corrupted(value: Any, seed: int, times: int) -> Any:
    """Return a copy in which something odd stands in some places."""
    random = Random(seed)
    value = json.loads(json.dumps(value))
    for _ in range(times):
        places = list(_places(value))
        if not places:
            return random.choice(ODD)
        holder, key = random.choice(places)
        action = random.randrange(4)
        if action == 0 and isinstance(holder, dict):
            del holder[key]
        elif action == 1 and isinstance(holder, list):
            holder.append(json.loads(json.dumps(holder[key])))
        else:
            other, at = random.choice(places)
            holder[key] = json.loads(json.dumps(random.choice([*ODD, other[at]])))
    return value


def _places(value: Any) -> Any:
    inner: Any = ()
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, member in inner:
        yield value, key
        yield from _places(member)


def _check(by: Configuration, data: bytes) -> None:
    """Put bytes through everything that the engine offers."""
    outcome = by.engine.inject(data, CONTEXT)
    assert isinstance(outcome, Injected | Skipped | Denied)
    if isinstance(outcome, Injected):
        value = json.loads(data)
        assert patched(value, outcome.stages) == decoded(apply_stages(outcome.stages, value))
    assert isinstance(by.engine.explain(data, CONTEXT), Explanation)
    try:
        stages = by.engine.uninject(data)
    except PodRejected:
        return
    value = json.loads(data)
    assert patched(value, stages) == decoded(apply_stages(stages, value))


@given(engines, st.binary(max_size=60))
def test_any_bytes(by: Configuration, data: bytes) -> None:
    """Bytes that are no pod are denied by a sentence."""
    assert isinstance(by.engine.inject(data, CONTEXT), Denied)
    with pytest.raises(PodRejected):
        by.engine.uninject(data)


@given(engines, pods.json_values)
def test_any_json(by: Configuration, value: Any) -> None:
    """JSON that is no pod has an outcome too."""
    _check(by, json.dumps({"metadata": value, "spec": value}).encode())
    _check(by, json.dumps({"spec": {"containers": value, "volumes": value}}).encode())


@given(engines, pods.pods(), st.integers(0, 2**32), st.integers(1, 3))
def test_corrupted_pod(by: Configuration, pod: Any, seed: int, times: int) -> None:
    """A pod with anything anywhere has an outcome, and the patch is what `apply` does."""
    _check(by, json.dumps(_corrupted(pod, seed, times)).encode())


@given(engines, pods.pods(), st.integers(0, 2**32), st.integers(1, 3))
def test_corrupted_injected_pod(by: Configuration, pod: Any, seed: int, times: int) -> None:
    """So has an injected pod in which anything was changed."""
    _check(by, json.dumps(_corrupted(after(by, pod), seed, times)).encode())


@given(engines, pods.pods(), st.integers(0, 2**32), st.integers(1, 4))
def test_corrupted_status(by: Configuration, pod: Any, seed: int, times: int) -> None:
    """So has a pod whose status annotation somebody wrote by hand."""
    injected = after(by, pod)
    annotations = injected["metadata"]["annotations"]
    status = _corrupted(json.loads(annotations[names.STATUS]), seed, times)
    if isinstance(status, dict):
        status["injector"] = "pillion"
    annotations[names.STATUS] = json.dumps(status)
    _check(by, json.dumps(injected).encode())


@given(engines, pods.pods(), st.integers(0, 2**32), st.sampled_from((b"\xff", b"\\ud800", b"\x00")))
def test_corrupted_text(by: Configuration, pod: Any, seed: int, odd: bytes) -> None:
    """So has text with bytes in it that are no Unicode."""
    data = json.dumps(after(by, pod)).encode()
    at = Random(seed).randrange(len(data))
    outcome = by.engine.inject(data[:at] + odd + data[at:], CONTEXT)
    assert isinstance(outcome, Injected | Skipped | Denied)
    with contextlib.suppress(PodRejected):
        by.engine.uninject(data[:at] + odd + data[at:])


_DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    "template",
    [
        b"%b",
        b'{"spec":{"containers":[{"name":"app"}],"x":%b}}',
        b'{"spec":{"containers":[{"name":"app","readinessProbe":{"x":%b}}]}}',
        b'{"metadata":{"x":%b},"spec":{"containers":[{"name":"app"}]}}',
    ],
    ids=["bare", "in-spec", "in-probe", "in-metadata"],
)
@pytest.mark.parametrize("depth", [100_000, 900, 450])
def test_deep_nesting(template: bytes, depth: int) -> None:
    """A hundred thousand levels are denied, not followed; fewer have some outcome."""
    data = template % (b"[" * depth + b"]" * depth)
    outcome = sample.engine().inject(data, CONTEXT)
    assert isinstance(outcome, Injected | Denied)
    if depth == 100_000:
        assert isinstance(outcome, Denied)


def test_deep_nesting_of_an_injected_pod() -> None:
    """A pod that carries an injection is read as a whole; too deep a one is denied."""
    pod = sample.injected(sample.value())
    pod["spec"]["deep"] = "here"
    data = sample.text(pod).replace(b'"here"', _DEEP)
    assert isinstance(sample.engine().inject(data, CONTEXT), Denied)
    with pytest.raises(PodRejected, match="nested too deeply"):
        sample.engine().uninject(data)


def test_number_of_more_than_64_bits() -> None:
    """A number that no integer of Go's holds is passed over, and written as it was."""
    pod = sample.value(large=2**70)
    injected = sample.injected(pod)
    assert sample.injected(injected) == injected
    assert decoded(apply_stages(sample.engine().uninject(sample.text(injected)), injected)) == pod
