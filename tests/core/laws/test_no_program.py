"""No text of a pod becomes program: kubelet, Envoy and the manifest's reader take it for text."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.core.injection.sample import CONTEXT, TOKEN, container, text
from tests.core.laws import pods
from tests.core.laws.engines import CONFIGURATIONS, Configuration, after
from tests.envoy.kubelet import expanded
from tests.envoy.validate import ENVIRONMENT
from webhook.bootstrap.arguments import arguments
from webhook.bootstrap.document import document
from webhook.bootstrap.text import Reference
from webhook.injection.annotations import KEYS, relevant
from webhook.injection.apply import decoded
from webhook.injection.engine import Denied, Injected, Skipped, apply_stages
from webhook.injection.overview import overview
from webhook.injection.podfacts import facts_of, labels_of
from webhook.injection.probes import rewrite
from webhook.injection.workload import workload_of
from webhook.model import names
from webhook.model.pod import is_absent, read

configurations = st.sampled_from(
    # Overlays on the pod change what the document is made of before it is made.
    [Configuration(name) for name in CONFIGURATIONS if name != "overlays"]
)
_labels = st.dictionaries(
    st.one_of(pods.texts, st.sampled_from(("app", "version", names.WORKLOAD_NAME, names.NETWORK))),
    pods.texts,
    max_size=4,
)
_hostile_probe = st.one_of(
    st.builds(
        lambda path, header: {
            "httpGet": {"path": path, "port": 8080, "httpHeaders": [{"name": "X", "value": header}]}
        },
        pods.texts,
        pods.texts,
    ),
    pods.texts.map(lambda service: {"grpc": {"port": 9090, "service": service}}),
)
_hostile_pods = st.builds(
    lambda labels, name, port, probe: {
        "metadata": {"name": "web", "labels": labels},
        "spec": {
            "containers": [
                {
                    "name": name,
                    "ports": [{"containerPort": 8080, "name": port}],
                    "readinessProbe": probe,
                }
            ]
        },
    },
    _labels,
    pods.names,
    pods.texts,
    _hostile_probe,
)


def _known(value: Any) -> Any:
    """Return a document as it is once kubelet has put in what only it knows."""
    if isinstance(value, Reference):
        return ENVIRONMENT[value.name]
    if isinstance(value, dict):
        return {key: _known(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_known(item) for item in value]
    return value


def _check(by: Configuration, pod: Any, injected: Any) -> None:
    """Compare the proxy's arguments, as Envoy gets them, with what the document was to say."""
    argv = expanded(container(injected, names.PROXY)["args"], ENVIRONMENT)
    view = read(text(pod))
    budget = not is_absent(view.spec.resources)
    sidecar = by.engine._sidecar(relevant(view.annotations), budget)
    look = overview(view)
    settings, workload = sidecar.settings, workload_of(view)
    labels, _ = labels_of(look.labels, workload, settings.pilot.network)
    facts = facts_of(look, workload, labels, CONTEXT.namespace, settings)
    handlers = rewrite(look.asked, sidecar.rewriting).handlers
    targets = tuple(each.target for each in handlers)
    wanted = _known(document(settings, facts, targets, TOKEN))
    given_document = argv[argv.index("--config-yaml") + 1]
    assert json.loads(given_document) == json.loads(json.dumps(wanted))
    service = settings.proxy.service_cluster
    if service is None:
        service = f"{labels.get('app') or workload.name}.{ENVIRONMENT['POD_NAMESPACE']}"
    rest = expanded(arguments(settings, "", ""), ENVIRONMENT)
    rest[rest.index("--config-yaml") + 1] = given_document
    rest[rest.index("--service-cluster") + 1] = service
    assert argv == rest


@given(configurations, pods.pods())
def test_document_is_what_was_meant(by: Configuration, pod: Any) -> None:
    """What Envoy parses after kubelet's expansion is the document of the pod's facts."""
    _check(by, pod, after(by, pod))


@given(configurations, _hostile_pods)
def test_hostile_text_is_text(by: Configuration, pod: Any) -> None:
    """Labels, names, paths, headers and services may hold anything, and mean nothing."""
    _check(by, pod, after(by, pod))


@given(
    configurations,
    st.dictionaries(
        st.sampled_from(sorted(KEYS - {names.STATUS})), pods.texts, min_size=1, max_size=3
    ),
)
def test_hostile_annotation_is_text_or_refused(
    by: Configuration, annotations: dict[str, str]
) -> None:
    """Hostile text of any annotation of the catalogue is refused by name, or is text."""
    pod = {
        "metadata": {"name": "web", "annotations": annotations},
        "spec": {"containers": [{"name": "app", "readinessProbe": {"tcpSocket": {"port": 80}}}]},
    }
    outcome = by.engine.inject(text(pod), CONTEXT)
    match outcome:
        case Injected(stages=stages):
            _check(by, pod, decoded(apply_stages(stages, pod)))
        case Denied(message=message):
            assert any(key in message for key in annotations)
        case Skipped(match=match):
            assert annotations.get(names.INJECT) == "false" or match.detail


@given(configurations, _hostile_pods)
def test_messages_are_printable(by: Configuration, pod: Any) -> None:
    """What people are shown of a pod holds no control characters."""
    outcome = by.engine.inject(text(pod), CONTEXT)
    shown = [*outcome.warnings, outcome.match.detail]
    if isinstance(outcome, Denied):
        shown.append(outcome.message)
    assert all(part.isprintable() or not _has_control(part) for part in shown)


def _has_control(part: str) -> bool:
    return any(ord(character) < 32 or 127 <= ord(character) < 160 for character in part)
