"""A user's own bootstrap: what it adds is taken, what ours says stands."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from tests.envoy.process import answers, free_ports, loopback, running_envoy
from webhook.model.settings import Bootstrap, Settings


def test_own_bootstrap_adds_and_replaces_nothing(tmp_path: Path) -> None:
    """Clusters, tags and metadata are joined; node, admin port and the way to Pilot are ours."""
    stolen = free_ports(1)[0]
    own = {
        "admin": {"address": {"socket_address": {"address": "0.0.0.0", "port_value": stolen}}},
        "node": {"metadata": {"NAMESPACE": "other", "TEAM": "a"}},
        "dynamic_resources": {"ads_config": {"api_type": "GRPC"}},
        "stats_config": {"stats_tags": [{"tag_name": "own", "regex": "(own)"}]},
        "static_resources": {
            "clusters": [{"name": "statsd", "type": "STATIC", "connect_timeout": "1s"}]
        },
    }
    bootstrap = Bootstrap(override_config_map="own")
    settings = loopback(msgspec.structs.replace(Settings(), bootstrap=bootstrap))
    with running_envoy(settings, tmp_path, override=json.dumps(own)) as envoy:
        answers(envoy)
        dump = json.loads(envoy.admin("/config_dump").body)
        loaded = next(each["bootstrap"] for each in dump["configs"] if "bootstrap" in each)
    assert loaded["admin"]["address"]["socket_address"] == {
        "address": "127.0.0.1",
        "port_value": settings.proxy.ports.admin,
    }
    assert loaded["node"]["metadata"]["NAMESPACE"] == "shop"
    assert loaded["node"]["metadata"]["TEAM"] == "a"
    assert loaded["dynamic_resources"]["ads_config"]["api_type"] == "DELTA_GRPC"
    names = [each["name"] for each in loaded["static_resources"]["clusters"]]
    assert names[:2] == ["statsd", "prometheus_stats"]
    tags = [each["tag_name"] for each in loaded["stats_config"]["stats_tags"]]
    assert tags[:2] == ["own", "cluster_name"]
