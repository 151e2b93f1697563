"""What a live Envoy exports, and what it understood of hostile text."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.envoy.mesh import PLAINTEXT, running_pilot_and_envoy, virtual
from tests.envoy.process import (
    FACTS,
    RunningEnvoy,
    answers,
    eventually,
    free_ports,
    loopback,
    request,
    running_app,
    running_envoy,
)
from webhook.bootstrap.facts import ProbeKind, ProbeSlot, ProbeTarget
from webhook.model.settings import Bootstrap, Settings, Stats

HOSTILE = (
    "$",
    "$$",
    "$$(",
    "$(POD_NAME)",
    "$$(POD_NAME)",
    "$(",
    "%START_TIME%",
    "%%",
    '"\\',
    "\n\r\t",
    "\x00\x01\x1f\x7f",
    "\x85\xa0\u2028\u2029\ufeff",
    "ü😀\U0010ffff",
    "'{}[]:,&*#?|-<>=!@`",
    "yes",
    "1e3",
    "",
    " : # ",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEnvoy]:
    """An Envoy with Pilot's listeners, an application behind them and a probe."""
    directory = tmp_path_factory.mktemp("statistics")
    port, target = free_ports(2)
    buckets = Stats(
        inclusion_suffixes=("upstream_rq_time",),
        histogram_buckets={"cluster.outbound": (0.5, 1.0, 10000.0)},
    )
    settings = loopback(
        msgspec.structs.replace(PLAINTEXT, bootstrap=Bootstrap(stats=buckets)), f"127.0.0.1:{port}"
    )
    probe = ProbeTarget(container="web", slot=ProbeSlot.READINESS, kind=ProbeKind.HTTP, port=target)
    with (
        running_app("http", target),
        running_pilot_and_envoy(virtual(settings, target), settings, port, directory, (probe,)) as (
            _,
            envoy,
        ),
    ):
        eventually(lambda: envoy.readiness() == 200, "Envoy is ready")
        inbound = settings.proxy.ports.inbound
        assert request("127.0.0.1", inbound, "GET", "/ok", {}).status == 200
        yield envoy


def samples(envoy: RunningEnvoy) -> Iterator[Sample]:
    """Yield what the Prometheus port exports; the reader ends every counter's name in `_total`."""
    answer = envoy.get(envoy.settings.proxy.ports.prometheus, "/stats/prometheus")
    assert answer.status == 200
    for family in text_string_to_metric_families(answer.body.decode()):
        yield from family.samples


OUTBOUND = {
    "cluster_name": "outbound|80|v1|web.shop.svc.cluster.local",
    "direction": "outbound",
    "port": "80",
    "subset": "v1",
    "service": "web.shop.svc.cluster.local",
}
INBOUND = {
    "http_conn_manager_prefix": "inbound_0.0.0.0_8080",
    "direction": "inbound",
    "port": "8080",
}


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("envoy_cluster_upstream_rq_total", {**OUTBOUND, "response_code": "200"}, 1),
        ("envoy_cluster_upstream_rq_total", {**OUTBOUND, "response_code_class": "2xx"}, 1),
        ("envoy_cluster_upstream_rq_time_bucket", {**OUTBOUND, "le": "10000"}, 1),
        ("envoy_http_downstream_rq_total", INBOUND, 1),
        ("envoy_http_downstream_rq_total", {**INBOUND, "response_code_class": "2xx"}, 1),
        ("envoy_cluster_membership_healthy", {"cluster_name": "config-ready"}, 2),
        ("envoy_control_plane_connected_state", {}, 1),
        ("envoy_server_live", {}, 1),
    ],
)
def test_statistics_carry_labels(
    served: RunningEnvoy, name: str, labels: dict[str, str], value: float
) -> None:
    """Traffic is counted under names that a query can select by direction, port and service."""

    def is_there() -> bool:
        found = [s.value for s in samples(served) if s.name == name and s.labels == labels]
        return found == [value]

    eventually(is_there, f"{name}{labels}", 15)


def test_listeners_are_counted(served: RunningEnvoy) -> None:
    """Each listener has its counters, by address."""
    port = served.settings.proxy.ports.inbound
    wanted = {"listener_address": f"127.0.0.1_{port}"}
    name = "envoy_listener_downstream_cx_total"
    assert any(s.labels == wanted for s in samples(served) if s.name == name)


def test_statistics_are_compressed_for_who_asks(served: RunningEnvoy) -> None:
    """Prometheus asks for gzip; 300 services are megabytes of text."""
    port = served.settings.proxy.ports.prometheus
    answer = served.get(port, "/stats/prometheus", **{"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert b"envoy_server_live" in gzip.decompress(answer.body)


@pytest.mark.parametrize("path", ["/", "/stats", "/quitquitquit", "/stats/prometheus/../../ready"])
def test_nothing_else_of_admin_is_reachable(served: RunningEnvoy, path: str) -> None:
    """The statistics port leads to one path of the admin port."""
    port = served.settings.proxy.ports.prometheus
    assert served.get(port, path).status == 404
    assert request("127.0.0.1", port, "POST", "/stats/prometheus", {}).status == 405


def test_hostile_text_is_data(tmp_path: Path) -> None:
    """Whatever a pod's texts hold, Envoy has exactly them; none is expanded or formatted."""
    texts = {f"key{index}": text for index, text in enumerate(HOSTILE)}
    facts = msgspec.structs.replace(
        FACTS,
        labels={**texts, **{text: "key" for text in HOSTILE if text}},
        workload="".join(HOSTILE),
        pod_ports=json.dumps(HOSTILE),
        service_cluster="$(POD_NAME)$$%",
    )
    bootstrap = Bootstrap(
        proxy_metadata={f"META_{key}": text for key, text in texts.items()},
        proxy_config={"proxyHeaders": texts},
        stats=Stats(
            inclusion_prefixes=tuple(filter(None, HOSTILE)),
            extra_tags=("$(POD_NAME)", "a.b|c[", '"\\'),
        ),
    )
    settings = loopback(msgspec.structs.replace(Settings(), bootstrap=bootstrap))
    with running_envoy(settings, tmp_path, facts=facts) as envoy:
        answers(envoy)
        dump = json.loads(envoy.admin("/config_dump").body)
        loaded = next(each["bootstrap"] for each in dump["configs"] if "bootstrap" in each)
        metadata = loaded["node"]["metadata"]
        assert metadata["LABELS"] == facts.labels
        assert metadata["WORKLOAD_NAME"] == facts.workload
        assert metadata["POD_PORTS"] == facts.pod_ports
        assert metadata["NAME"] == "web-5f7d8b9c6d-x2x4z"
        assert {key: metadata[f"META_{key}"] for key in texts} == texts
        assert metadata["PROXY_CONFIG"] == {"proxyHeaders": texts}
        patterns = loaded["stats_config"]["stats_matcher"]["inclusion_list"]["patterns"]
        assert {each.get("prefix") for each in patterns} >= set(filter(None, HOSTILE))
        shown = json.loads(envoy.admin("/server_info").body)
        assert shown["command_line_options"]["service_cluster"] == "$(POD_NAME)$$%"
