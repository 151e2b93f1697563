"""The Envoy document: one pure function from settings and facts, and its prepared, quick form.

`document` is the only builder. `prepare` calls it once with stand-ins, renders the result and cuts
it where they lie; `Prepared.fill` renders the few parts that differ from pod to pod, by the same
functions that `document` calls, and puts them between the pieces.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from webhook.bootstrap import clusters, probes, process, size, stats
from webhook.bootstrap.facts import Facts, ProbeTarget
from webhook.bootstrap.listeners import listeners
from webhook.bootstrap.node import node, pod_metadata
from webhook.bootstrap.pilot import dynamic_resources, pilot_clusters
from webhook.bootstrap.probetext import (
    SAMPLES,
    TOKEN,
    ProbeText,
    prepare_probes,
    probe_stand_ins,
)
from webhook.bootstrap.template import Template, template
from webhook.bootstrap.text import argument, encode, escaped, inside, quoted
from webhook.model import names
from webhook.model.settings import Settings


def document(
    settings: Settings, facts: Facts, targets: tuple[ProbeTarget, ...], token: str
) -> dict[str, Any]:
    """Return the bootstrap of one pod's Envoy.

    What only kubelet knows is a `Reference`, always a whole string. `token` begins every path by
    which the pod's Envoy can be made to do something.
    """
    stats_fields = {**stats.intervals(settings), "stats_config": stats.stats_config(settings)}
    return {
        "application_log_config": process.log_format(),
        "node": node(settings, facts),
        "layered_runtime": process.runtime(),
        **stats_fields,
        "admin": process.admin(settings),
        "dynamic_resources": dynamic_resources(settings),
        "static_resources": {
            "clusters": [
                *clusters.clusters(settings),
                *pilot_clusters(settings),
                *probes.clusters(settings, targets),
            ],
            "listeners": listeners(settings, targets, token),
        },
        **process.tracing(settings),
        "overload_manager": process.overload_manager(),
        "deferred_stat_options": {"enable_deferred_creation_stats": True},
    }


class Prepared(Struct, frozen=True):
    """The document of one configuration, ready but for the pod."""

    settings: Settings
    whole: Template
    probes: ProbeText

    def fill(self, facts: Facts, targets: tuple[ProbeTarget, ...], token: str) -> bytes:
        """Return the document as it stands inside a JSON string of the container's `args`.

        Equal to `quoted(argument(document(...)))`, byte for byte.

        Raises:
            PodRejected: some text cannot be written as JSON, or the document is too large.
        """
        text = self.whole.fill(self.values(facts, targets, token))
        self.check(text, facts, targets, token)
        return text

    def values(
        self, facts: Facts, targets: tuple[ProbeTarget, ...], token: str
    ) -> dict[bytes, bytes]:
        """Return what belongs in the holes of `whole`."""
        values = self.probes.fill(targets, token)
        values[b"pod"] = escaped(encode(pod_metadata(self.settings, facts)))[1:-1]
        values[b"token"] = _AT_PATH + inside(token)
        return values

    def check(
        self, text: bytes, facts: Facts, targets: tuple[ProbeTarget, ...], token: str
    ) -> None:
        """Let a text that holds the document pass if the document fits in an argument.

        Raises:
            PodRejected: it does not; the message names its largest parts.
        """
        if len(text) > names.BOOTSTRAP_LIMIT - size.GROWTH:
            size.check(document(self.settings, facts, targets, token))


def prepare(settings: Settings) -> Prepared:
    """Render the document of a configuration with holes for what differs from pod to pod."""
    text = quoted(argument(document(settings, _FACTS, SAMPLES, TOKEN)))
    stand_ins = {
        b"pod": escaped(encode(pod_metadata(settings, _FACTS)))[1:-1],
        **probe_stand_ins(settings),
        b"token": _AT_PATH + inside(TOKEN),
    }
    return Prepared(settings, template(text, stand_ins), prepare_probes(settings))


_AT_PATH = b':\\"/'
"""What stands before the token: no text of a user can, since its quotes are escaped. Each other
stand-in holds such a quote, too."""

_FACTS = Facts(
    labels={"\ue000": "\ue001"},
    workload="\ue000workload\ue001",
    owner="",
    pod_ports="",
    app_containers="",
    service_cluster="",
)
"""Stands for a pod."""
