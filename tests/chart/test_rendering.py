"""What real Helm renders, refuses and says; both majors, without a cluster."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest
import yaml

from tests.chart import goldens
from tests.chart.generate import CHART
from tests.chart.rendering import (
    GROUPS,
    NAMESPACE,
    OLDEST,
    PRESETS,
    Rendering,
    ask,
    helm,
    is_hook,
    objects,
    of_kind,
    only,
    preset,
    render,
)
from webhook.configuration.reader import read
from webhook.model.settings import Settings

pytestmark = [pytest.mark.apiserver, pytest.mark.usefixtures("built_helm")]

CASES = goldens.cases()
MWC = "MutatingWebhookConfiguration"


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("name", CASES)
def test_golden(name: str, group: str) -> None:
    """Both majors of Helm render, byte for byte, what was reviewed."""
    rendering = dataclasses.replace(CASES[name], group=group)
    assert goldens.text(rendering) == goldens.path(name).read_text(encoding="utf-8")


def test_no_stray_goldens() -> None:
    """Each golden belongs to a case."""
    assert goldens.strays() == ()


@pytest.mark.parametrize("name", CASES)
def test_renders_the_same_twice(name: str) -> None:
    """Nothing in a rendering is random, read from a cluster, or from a clock."""
    assert ask(CASES[name]).stdout == render(CASES[name])


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("name", [None, *sorted(path.stem for path in PRESETS.glob("*.yaml"))])
def test_lint(name: str | None, group: str) -> None:
    """Strict lint finds nothing in the chart, with or without a preset."""
    arguments = ["lint", "--strict", str(CHART), "--kube-version", OLDEST]
    if name is not None:
        arguments += ["--values", str(preset(name))]
    done = helm(group, arguments)
    assert done.returncode == 0, done.stdout
    assert "[WARNING]" not in done.stdout


@pytest.mark.parametrize("name", CASES)
def test_no_secret_is_rendered(name: str) -> None:
    """No Secret has data, and only provided certificates put a caBundle into the chart."""
    for each in objects(CASES[name]):
        if each["kind"] == "Secret":
            assert not each.keys() & {"data", "stringData"}
    for configuration in of_kind(CASES[name], MWC):
        for webhook in configuration["webhooks"]:
            assert ("caBundle" in webhook["clientConfig"]) == (name == "provided")


@pytest.mark.parametrize("name", CASES)
def test_only_the_test_is_a_hook(name: str) -> None:
    """Nothing but `helm test` is a hook: GitOps tools run others at other times, or never."""
    hooks = [each for each in objects(CASES[name]) if is_hook(each)]
    assert {each["metadata"]["annotations"]["helm.sh/hook"] for each in hooks} == {"test"}
    assert {each["kind"] for each in hooks} == {"ServiceAccount", "Role", "RoleBinding", "Pod"}


@pytest.mark.parametrize("name", CASES)
def test_configuration_is_read_by_the_webhook(name: str) -> None:
    """The program accepts the rendered file, and takes from it what the values say."""
    configmap = only_configuration(CASES[name])
    settings = read(configmap["data"]["config.yaml"], "config.yaml")
    assert settings.namespace == NAMESPACE
    values = yaml.safe_load(CASES[name].values or "{}").get("configuration", {})
    assert settings.revision == values.get("revision", Settings().revision)
    assert settings.default_revision is values.get("defaultRevision", False)


def test_defaults_are_the_programs() -> None:
    """Without any value, the file means the program's own defaults."""
    text = only_configuration(Rendering())["data"]["config.yaml"]
    assert read(text, "config.yaml") == Settings(namespace=NAMESPACE)


def only_configuration(rendering: Rendering) -> dict[str, Any]:
    """Return the ConfigMap that holds the webhook's file."""
    (found,) = (
        each for each in of_kind(rendering, "ConfigMap") if "config.yaml" in each.get("data", {})
    )
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_null_reaches_the_configuration(group: str) -> None:
    """Null, which in a file means `leave it out`, is not lost on the way through Helm."""
    values = "configuration: {proxy: {resources: {limits: {cpu: null}}}}"
    text = only_configuration(Rendering(values=values, group=group))["data"]["config.yaml"]
    limits = read(text, "config.yaml").proxy.resources.limits
    assert (limits.cpu, limits.memory) == (None, Settings().proxy.resources.limits.memory)


def test_numbers_stay_whole() -> None:
    """A number above a million is not written with an exponent."""
    rendering = CASES["everything-said"]
    assert (
        read(
            only_configuration(rendering)["data"]["config.yaml"], "f"
        ).pilot.token_expiration_seconds
        == 4294967296
    )
    (arguments,) = (
        each["spec"]["template"]["spec"]["containers"][0]["args"]
        for each in of_kind(Rendering(), "Deployment")
    )
    assert "--authority-seconds=31536000" in arguments


@pytest.mark.parametrize("text", ["1", "on", "1e3", "0x10"])
def test_names_that_look_like_something_else(text: str) -> None:
    """A revision that YAML would read as a number or a truth stays text everywhere."""
    values = f"configuration: {{revision: '{text}'}}\nrevisionTags: ['2']"
    for each in of_kind(Rendering(values=values, release=text.lower()), MWC):
        labels = each["metadata"]["labels"]
        assert labels["istio.io/rev"] == labels["app.kubernetes.io/instance"] == text
    (first,) = only(Rendering(values=f"configuration: {{revision: '{text}'}}"), MWC)["webhooks"][:1]
    assert first["namespaceSelector"]["matchExpressions"][0]["values"] == [text]


REFUSED = {
    "misspelt-root": ("replica: 3", "replica"),
    "misspelt-section": ("server: {prot: 9443}", "prot"),
    "misspelt-setting": ("configuration: {proxy: {imag: x}}", "imag"),
    "namespace-is-filled-in": ("configuration: {namespace: other}", "namespace"),
    "wrong-type": ("replicas: two", "replicas"),
    "port-of-root": ("server: {port: 443}", "port"),
    "timeout-too-long": ("webhook: {timeoutSeconds: 31}", "timeoutSeconds"),
    "unknown-policy": ("webhook: {failurePolicy: Maybe}", "failurePolicy"),
    "unknown-mode": ("certificates: {mode: standalone}", "mode"),
    "setting-out-of-bounds": ("configuration: {proxy: {concurrency: -1}}", "concurrency"),
    "setting-of-bad-shape": ("configuration: {revision: Not_A_Label}", "revision"),
    "twice-the-same-tag": ("revisionTags: [a, a]", "revisionTags"),
    "numeric-tag": ("image: {tag: 1.0}", "tag"),
}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(("values", "named"), REFUSED.values(), ids=REFUSED)
def test_schema_refuses(values: str, named: str, group: str) -> None:
    """What the schema does not know or allow is refused, and named."""
    done = ask(Rendering(values=values, group=group))
    assert done.returncode != 0
    assert "values don't meet the specifications of the schema" in done.stderr
    assert named in done.stderr


CONTRADICTIONS = {
    "tag-is-the-revision": (
        "revisionTags: [pillion]",
        'revisionTags: got "pillion", expected a name other than configuration.revision',
    ),
    "default-tag": (
        "revisionTags: [default]",
        'revisionTags: got "default", expected configuration.defaultRevision: true instead',
    ),
    "roll-out-cannot-move": (
        "updateStrategy: {maxSurge: 0}",
        "updateStrategy: got 0 for maxUnavailable and maxSurge, expected one of them above 0",
    ),
    "budget-allows-all": (
        "podDisruptionBudget: {maxUnavailable: 2}",
        "podDisruptionBudget.maxUnavailable: got 2, expected less than replicas, 2",
    ),
    "one-port-twice": (
        "metrics: {port: 9443}",
        "metrics.port: got 9443, expected another port than server.port",
    ),
    "monitor-without-metrics": (
        "metrics: {enabled: false, serviceMonitor: {enabled: true}}",
        "metrics.serviceMonitor.enabled: got true, expected metrics.enabled: true with it",
    ),
    "killed-before-it-is-quiet": (
        "server: {quietSeconds: 17}",
        "terminationGracePeriodSeconds: got 30, expected more than 30: server.quietSeconds and "
        "13 s of draining",
    ),
    "provided-without-secret": (
        "certificates: {mode: provided}",
        "certificates.secretName: got nothing, expected the name of a Secret with mode provided",
    ),
    "secret-of-another-mode": (
        "certificates: {secretName: serving}",
        "certificates.secretName: got a value with mode self, expected mode provided",
    ),
    "bundle-of-another-mode": (
        "certificates: {mode: cert-manager, caBundle: Y2E=}",
        "certificates.caBundle: got a value with mode cert-manager, expected mode provided",
    ),
    "issuer-of-another-mode": (
        "certificates: {certManager: {issuerRef: {name: company}}}",
        "certificates.certManager.issuerRef: got a value with mode self, expected mode "
        "cert-manager",
    ),
    "leaf-outlives-authority": (
        "certificates: {leafSeconds: 100, authoritySeconds: 100}",
        "certificates.leafSeconds: got 100, expected less than certificates.authoritySeconds, 100",
    ),
    "common-label-of-a-selector": (
        "commonLabels: {app.kubernetes.io/name: other}",
        'commonLabels: got "app.kubernetes.io/name", expected no label that the chart sets itself',
    ),
    "pod-label-that-opts-in": (
        "podLabels: {sidecar.istio.io/inject: 'true'}",
        'podLabels: got "sidecar.istio.io/inject", expected no label that the chart sets itself',
    ),
    "test-in-our-own-namespace": (
        f"tests: {{namespace: {NAMESPACE}}}",
        'tests.namespace: got "pillion-system", expected a namespace in which pods are injected',
    ),
    "policy-against-tproxy": (
        "{capabilityPolicy: {enabled: true}, configuration: {proxy: {allowTproxy: true}}}",
        "capabilityPolicy.enabled: got true, expected false with configuration.proxy.allowTproxy",
    ),
}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(("values", "sentence"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_contradiction_is_refused(values: str, sentence: str, group: str) -> None:
    """Values that are wrong together are refused in one sentence."""
    done = ask(Rendering(values=values, group=group))
    assert done.returncode != 0
    assert sentence in done.stderr


def test_parent_charts_may_hand_down_globals() -> None:
    """`global` stays open, so that the chart can be a dependency."""
    assert render(Rendering(values="global: {anything: [1]}")) == render(Rendering())


def test_old_kubernetes_is_refused() -> None:
    """A cluster before 1.33 is told so, not installed into."""
    done = helm("helm", ["template", "pillion", str(CHART), "--kube-version", "1.32.9"])
    assert done.returncode != 0
    assert "kubeVersion: >=1.33.0-0" in done.stderr


@pytest.mark.parametrize("name", CASES)
def test_pods_are_restricted(name: str) -> None:
    """Every container of ours passes PodSecurity `restricted` and is left alone by injectors."""
    for each in objects(CASES[name]):
        if each["kind"] not in ("Deployment", "Pod"):
            continue
        template = each["spec"]["template"] if each["kind"] == "Deployment" else each
        assert template["metadata"]["labels"]["sidecar.istio.io/inject"] == "false"
        spec = template["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }
            assert container["resources"].keys() == {"requests", "limits"}


@pytest.mark.parametrize("name", CASES)
def test_selectors_never_change(name: str) -> None:
    """Selector labels are the three that no value but a name can change."""
    spec = only(CASES[name], "Deployment")["spec"]
    assert spec["selector"]["matchLabels"].keys() == {
        "app.kubernetes.io/name",
        "app.kubernetes.io/instance",
        "app.kubernetes.io/component",
    }
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


@pytest.mark.parametrize("name", CASES)
def test_arguments_are_the_programs(name: str) -> None:
    """The command line parses, and names the objects that are rendered with it."""
    from webhook.cli.main import parser  # noqa: PLC0415 - builds every command
    from webhook.cli.serve import options_of  # noqa: PLC0415

    (container,) = only(CASES[name], "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["pillion"]
    options = options_of(parser().parse_args(container["args"]))
    assert options.names is not None
    assert options.names.namespace == NAMESPACE
    assert set(options.names.webhook_configurations) == names(CASES[name], MWC)
    assert {options.names.service} == names(CASES[name], "Service")
    if options.mode.value == "self":
        assert {options.names.secret} == names(CASES[name], "Secret")
        assert {options.names.lease} == names(CASES[name], "Lease")
    else:
        assert not names(CASES[name], "Secret") | names(CASES[name], "Lease")
    mounts = [each["mountPath"] for each in container["volumeMounts"]]
    assert str(options.config and options.config.parent) in mounts
    if options.certificates is not None:
        assert str(options.certificates) in mounts


def names(rendering: Rendering, kind: str) -> set[str]:
    """Return the names of the rendered objects of a kind."""
    return {each["metadata"]["name"] for each in of_kind(rendering, kind)}


def test_dashboard_is_json() -> None:
    """The dashboard in the ConfigMap is what Grafana reads."""
    (found,) = (
        each
        for each in of_kind(Rendering(preset="ha"), "ConfigMap")
        if "pillion.json" in each["data"]
    )
    panels = json.loads(found["data"]["pillion.json"])["panels"]
    assert len({each["id"] for each in panels}) == len(panels) > 5


def test_alerts_are_filled_in() -> None:
    """No placeholder is left in an alert, and each names its runbook where there is one."""
    rule = only(CASES["everything-said"], "PrometheusRule")
    for alert in rule["spec"]["groups"][0]["rules"]:
        assert not re.search(r"\b(JOB|LEAF_SECONDS|AUTHORITY_SECONDS)\b", alert["expr"])
        assert alert["annotations"]["runbook_url"] == f"/runbooks/{alert['alert'].lower()}"
