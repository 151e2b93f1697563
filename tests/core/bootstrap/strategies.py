"""Settings, pods and texts of every kind, for the properties of the Envoy document."""

from __future__ import annotations

from hypothesis import strategies as st

from webhook.bootstrap.facts import Facts, ProbeKind, ProbeSlot, ProbeTarget
from webhook.model.settings import (
    Bootstrap,
    InterceptionMode,
    Pilot,
    PilotConnection,
    Proxy,
    Settings,
    Stats,
    Traffic,
)

texts = st.text(
    '$$()%"\\/:{}AIOPZ_\n\x00\x7f\u2028\ufeffü😀\ue000\ue001', max_size=12
) | st.sampled_from(
    (
        "$(POD_NAME)",
        "$$(POD_IP)",
        "%(routes)b",
        "\\u0041",
        "\ue000token\ue001",
        ':"/\ue000token\ue001',
        "1000000007",
    )
)
"""Text of characters, and of wholes, that mean something to a reader or to the renderer itself."""

facts = st.builds(
    Facts,
    labels=st.dictionaries(texts, texts, max_size=4),
    workload=texts,
    owner=texts,
    pod_ports=texts,
    app_containers=texts,
    service_cluster=texts,
    network=texts,
)

targets = st.lists(
    st.builds(
        ProbeTarget,
        container=texts,
        slot=st.sampled_from(ProbeSlot),
        kind=st.sampled_from(ProbeKind),
        port=st.integers(1, 65535),
        path=texts,
        service=texts,
        timeout_seconds=st.integers(1, 2147483647),
        period_seconds=st.integers(1, 2147483647),
        has_host=st.booleans(),
    ),
    max_size=4,
).map(tuple)

tokens = st.from_regex(r"[0-9a-f]{32}", fullmatch=True) | texts

settings = st.builds(
    Settings,
    proxy=st.builds(Proxy, native=st.booleans(), ipv6=st.booleans(), drain_seconds=st.just(7)),
    pilot=st.builds(
        Pilot,
        connection=st.sampled_from(PilotConnection),
        cluster_id=texts.filter(bool),
        network=texts,
        address=st.sampled_from([None, "[fd00::1]:15012", "10.0.0.1:15012", "pilot.example:15012"]),
    ),
    traffic=st.builds(Traffic, interception_mode=st.sampled_from(InterceptionMode)),
    bootstrap=st.builds(
        Bootstrap,
        stats=st.builds(
            Stats,
            inclusion_prefixes=st.lists(texts, max_size=2).map(tuple),
            inclusion_regexps=st.lists(texts, max_size=2).map(tuple),
            extra_tags=st.lists(texts, max_size=2).map(tuple),
        ),
        proxy_metadata=st.dictionaries(texts, texts, max_size=2),
        proxy_config=st.dictionaries(texts, texts | st.lists(texts, max_size=2), max_size=2),
    ),
)
