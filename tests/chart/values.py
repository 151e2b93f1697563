"""The chart's values: types, defaults, and the text that stands above each in values.yaml.

values.yaml, values.schema.json and the reference are made from here. The settings of an injection
are not repeated: `configuration` takes its schema from the program.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from webhook.model.bounds import Name
from webhook.model.settings import Settings

Port = Annotated[int, Meta(ge=1024, le=65535, title="a port from 1024 to 65535")]
"""The process is not root, so it cannot listen below 1024."""
ApiPort = Annotated[int, Meta(ge=1, le=65535, title="a port from 1 to 65535")]
Count = Annotated[int, Meta(ge=1, le=100, title="a number from 1 to 100")]
Surge = Annotated[int, Meta(ge=0, le=100, title="a number from 0 to 100")]
TimeoutSeconds = Annotated[int, Meta(ge=1, le=30, title="seconds from 1 to 30")]
"""The API server's bounds of a webhook's timeout."""
Seconds = Annotated[int, Meta(ge=1, le=2147483647, title="seconds from 1 to 2147483647")]
InFlight = Annotated[int, Meta(ge=1, le=100000, title="a number from 1 to 100000")]
QuietSeconds = Annotated[int, Meta(ge=0, le=600, title="seconds from 0 to 600")]
Duration = Annotated[str, Meta(pattern="^([0-9]+h)?([0-9]+m)?([0-9]+s)?$", title="such as 30s")]
OptionalName = Annotated[str, Meta(pattern="^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$", max_length=253)]
OptionalLabel = Annotated[str, Meta(pattern="^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$", max_length=63)]
Tag = Annotated[str, Meta(pattern="^[A-Za-z0-9_]?[A-Za-z0-9_.-]*$", max_length=128)]
Digest = Annotated[str, Meta(pattern="^(sha256:[0-9a-f]{64})?$", title="sha256: and 64 digits")]
Base64 = Annotated[str, Meta(pattern="^[A-Za-z0-9+/]*={0,2}$", title="base64 in one line")]
Labels = dict[str, str]
KubernetesObject = dict[str, Any]
_DEFAULTS = Settings()


class PullPolicy(StrEnum):
    """When kubelet asks the registry for an image."""

    ALWAYS = "Always"
    IF_NOT_PRESENT = "IfNotPresent"
    NEVER = "Never"


class FailurePolicy(StrEnum):
    """What the API server does with a pod when it cannot reach us."""

    FAIL = "Fail"
    IGNORE = "Ignore"


class ReinvocationPolicy(StrEnum):
    """Whether we see a pod again after a later webhook changed it."""

    IF_NEEDED = "IfNeeded"
    NEVER = "Never"


class CertificateMode(StrEnum):
    """Where the serving certificate comes from."""

    SELF = "self"
    CERT_MANAGER = "cert-manager"
    PROVIDED = "provided"


class LogLevel(StrEnum):
    """Of the webhook's own log."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ValidationAction(StrEnum):
    """What a ValidatingAdmissionPolicy does with a pod that breaks it."""

    DENY = "Deny"
    WARN = "Warn"
    AUDIT = "Audit"


class _Section(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One object of the values; every field has a default."""


class Image(_Section, frozen=True):
    """The webhook's own image."""

    registry: str = ""
    """Registry host, without a slash at the end.
    Empty: the container runtime's default registry."""
    repository: Annotated[str, Meta(min_length=1)] = "pillion/webhook"
    """Repository on that registry."""
    tag: Tag = ""
    """Tag; quote one that looks like a number.
    Empty: the chart's appVersion, the version it was tested with."""
    digest: Digest = ""
    """`sha256:…`; when set, used instead of the tag, so no registry can change the content."""
    pull_policy: PullPolicy = PullPolicy.IF_NOT_PRESENT
    """When kubelet asks the registry."""


class UpdateStrategy(_Section, frozen=True):
    """How a roll-out replaces replicas."""

    max_unavailable: Surge = 0
    """Replicas that may be missing during a roll-out.
    0: a new one is ready before an old one goes, so no admission finds a closed door."""
    max_surge: Surge = 1
    """Replicas that may be added during a roll-out.
    0 needs maxUnavailable above 0; use it where host ports leave no room for a second one."""


class DisruptionBudget(_Section, frozen=True):
    """What node drains may do; rendered only with more than one replica."""

    enabled: bool = True
    """false: a drain may take every replica at once, and with failurePolicy Fail block all pods."""
    max_unavailable: Count = 1
    """Replicas that a drain may take at once; below the number of replicas."""


class ServiceAccount(_Section, frozen=True):
    """The identity that our RBAC rules are bound to."""

    create: bool = True
    """false: the account named below exists already."""
    name: OptionalName = ""
    """Empty: the chart's full name, or `default` when none is created."""
    annotations: Labels = {}
    """Annotations of the account."""


class Server(_Section, frozen=True):
    """The program's own options."""

    port: Port = 9443
    """Where a pod listens for the API server.
    A private GKE cluster lets its control plane reach 443 and 10250 only: use 10250 there.
    With hostNetwork it must be free on every node."""
    log_level: LogLevel = LogLevel.INFO
    """`info` writes one line per admission; `warning` writes only what needs attention."""
    in_flight: InFlight = 512
    """Requests at once; more are answered 503 at once, and the API server tries again."""
    quiet_seconds: QuietSeconds = 12
    """How long a replica goes on serving after it was told to stop.
    It must cover the time until the last API server took it out of its endpoints."""
    extra_args: tuple[str, ...] = ()
    """Further arguments of `pillion serve`, such as `--settle-seconds=60`."""
    extra_env: tuple[KubernetesObject, ...] = ()
    """Further environment variables of the container, as Kubernetes writes them."""


class Webhook(_Section, frozen=True):
    """The MutatingWebhookConfiguration: which pods the API server shows us, and how it waits."""

    failure_policy: FailurePolicy = FailurePolicy.FAIL
    """Without an answer, `Fail` refuses the pods that opted in, and only those.
    `Ignore` lets them in without a sidecar, in the clear and unnoticed: alert on
    `apiserver_admission_webhook_fail_open_count`."""
    timeout_seconds: TimeoutSeconds = 5
    """How long the API server waits; an answer takes a few milliseconds.
    Longer hides a firewall in the way, as slow pod creation."""
    reinvocation_policy: ReinvocationPolicy = ReinvocationPolicy.IF_NEEDED
    """`IfNeeded`: we see a pod again when a later webhook changed it, so that its new containers
    get their probes rewritten. A second look at an unchanged pod changes nothing."""
    annotations: Labels = {}
    """Annotations of the MutatingWebhookConfiguration.
    On AKS, `admissions.enforcer/disabled: "true"` keeps it from rewriting the selectors."""


class CertManager(_Section, frozen=True):
    """With mode `cert-manager`."""

    issuer_ref: KubernetesObject = {}
    """`name`, `kind` and `group` of an existing issuer that fills in `ca.crt`.
    Empty: a self-signed authority of our own is made by three further objects."""
    duration: Duration = "2160h"
    """Life of the certificate."""
    renew_before: Duration = "720h"
    """How long before its end cert-manager renews it; the running process takes up the new one."""


class Certificates(_Section, frozen=True):
    """How the API server comes to trust us. No mode keeps key or certificate in the chart."""

    mode: CertificateMode = CertificateMode.SELF
    """`self`: the webhook keeps its own authority in a Secret, renews everything itself and writes
    the caBundle. Needs nothing.
    `cert-manager`: cert-manager renews a Secret, its injector writes the caBundle.
    `provided`: you give a Secret with `tls.crt` and `tls.key`, and say or write the caBundle."""
    secret_name: OptionalName = ""
    """`provided`: a Secret of type kubernetes.io/tls in the release's namespace; then required."""
    ca_bundle: Base64 = ""
    """`provided`: base64 of the PEM certificates that the API server shall trust.
    Empty: the chart does not touch the caBundle, and another tool writes it."""
    leaf_seconds: Seconds = 172800
    """`self`: life of a replica's certificate, which never leaves its memory; renewed at 2/3."""
    authority_seconds: Seconds = 31536000
    """`self`: life of the authority in the Secret; renewed at 2/3, both trusted meanwhile."""
    settle_seconds: Seconds = 30
    """`self`: how long a new authority is trusted by the API servers before it signs."""
    cert_manager: CertManager = CertManager()
    """With mode `cert-manager`."""


class Monitor(_Section, frozen=True):
    """A ServiceMonitor or PodMonitor of the Prometheus operator."""

    enabled: bool = False
    """true: rendered where the cluster has the operator's resource definitions."""
    interval: Duration = "30s"
    """Between two scrapes."""
    labels: Labels = {}
    """Labels by which your Prometheus selects it, such as `release: prometheus`."""


class Rules(_Section, frozen=True):
    """A PrometheusRule with alerts."""

    enabled: bool = False
    """true: rendered where the cluster has the operator's resource definitions."""
    labels: Labels = {}
    """Labels by which your Prometheus selects it."""
    runbook_prefix: str = ""
    """Start of the address of your copy of the troubleshooting pages; each alert's name is added.
    Empty: alerts carry no `runbook_url`."""


class Dashboard(_Section, frozen=True):
    """A Grafana dashboard in a ConfigMap, as Grafana's sidecar reads it."""

    enabled: bool = False
    """true: rendered."""
    labels: Labels = field(default_factory=lambda: {"grafana_dashboard": "1"})
    """Labels by which Grafana's sidecar selects it."""


class Metrics(_Section, frozen=True):
    """Prometheus metrics, over plain HTTP on a port of their own."""

    enabled: bool = True
    """false: no port, and none of the objects below."""
    port: Port = 9090
    """Where /metrics is served; it holds no secret and no names of pods."""
    service_monitor: Monitor = Monitor()
    """Scrapes the webhook."""
    pod_monitor: Monitor = Monitor()
    """Scrapes the proxies of all injected pods, on `/stats/prometheus`."""
    prometheus_rule: Rules = Rules()
    """Alerts on everything that blocks or loses an injection."""
    dashboard: Dashboard = Dashboard()
    """Admissions, refusals, latency, certificates."""


class NetworkPolicy(_Section, frozen=True):
    """Who may talk to the webhook, and to whom it may talk; not rendered with hostNetwork."""

    enabled: bool = True
    """false: the namespace's own policies decide."""
    api_server_ports: tuple[ApiPort, ...] = (443, 6443)
    """Ports of the API server's Service and endpoints, the only ones we may connect to.
    Without the right one no replica becomes ready: MicroK8s uses 16443, Minikube 8443."""
    metrics_from: tuple[KubernetesObject, ...] = ()
    """NetworkPolicy peers that may scrape the metrics.
    Empty: every pod of the cluster."""


class Istio(_Section, frozen=True):
    """What Pilot must be told: stock Envoys without certificates speak plaintext."""

    enabled: bool = True
    """Renders a PeerAuthentication DISABLE for our revision where the cluster has Istio's resource
    definitions; without it Pilot sends proxies certificates they cannot fetch.
    false: you have one already."""
    root_namespace: Name = "istio-system"
    """Pilot's root namespace, where it holds for the whole mesh of our revision."""


class CapabilityPolicy(_Section, frozen=True):
    """A ValidatingAdmissionPolicy for opted-in namespaces, where PodSecurity cannot be strict.

    Only `istio-init`, with exactly the configured image and exactly its own capabilities, may add
    any; nothing may be privileged. It is checked by the API server itself, after every webhook.
    """

    enabled: bool = False
    """true: rendered, one binding per way to opt in."""
    validation_actions: Annotated[tuple[ValidationAction, ...], Meta(min_length=1)] = (
        ValidationAction.DENY,
    )
    """`Deny`, or `Warn` and `Audit` while you find out what would be denied."""
    images: tuple[str, ...] = ()
    """Further images of `istio-init` that pass: the old one, while an upgrade changes it, since
    the webhook takes up a new configuration about a minute after the policy."""


class Tests(_Section, frozen=True):
    """`helm test`: asks the API server for a dry run of a pod and looks for the sidecar in it."""

    namespace: Name = "default"
    """An existing namespace that neither opts in nor out; the pod opts in by its own label.
    Nothing is stored there but, during the test, a Role to create pods."""


class Values(_Section, frozen=True):
    """Everything that can be set."""

    name_override: OptionalLabel = ""
    """Replaces the chart's name in names and labels."""
    fullname_override: OptionalLabel = ""
    """Replaces the name of every object; cluster-wide ones must differ between releases."""
    common_labels: Labels = {}
    """Labels of every object, beside the recommended ones; never of a selector."""
    replicas: Count = 2
    """Webhook pods. With 1 and failurePolicy Fail, each restart refuses pods for a while."""
    revision_tags: Annotated[tuple[Name, ...], Meta(extra_json_schema={"uniqueItems": True})] = ()
    """Further names by which namespaces and pods opt in with `istio.io/rev`, such as `stable`.
    Each is a webhook configuration of its own, so it can move to another release: take it out
    here, upgrade, add it there."""
    image: Image = Image()
    """The webhook's own image. Those of proxy and init container are in `configuration`."""
    image_pull_secrets: tuple[KubernetesObject, ...] = ()
    """Secrets in the release's namespace for the webhook's image, as `- name: …`."""
    update_strategy: UpdateStrategy = UpdateStrategy()
    """How a roll-out replaces replicas."""
    pod_disruption_budget: DisruptionBudget = DisruptionBudget()
    """What node drains may do; rendered only with more than one replica."""
    termination_grace_period_seconds: Annotated[int, Meta(ge=1, le=3600)] = 30
    """How long kubelet waits before it kills; above server.quietSeconds plus 13 s of draining."""
    host_network: bool = False
    """true: pods use the node's network, for control planes that cannot reach pod addresses (EKS
    with another CNI). The namespace must then allow privileged pods, and the port must be free."""
    dns_policy: str = ""
    """Empty: ClusterFirst, and ClusterFirstWithHostNet with hostNetwork."""
    priority_class_name: OptionalName = ""
    """`system-cluster-critical` keeps the webhook running on full nodes.
    Outside kube-system, GKE allows it only with a ResourceQuota that names it."""
    resources: KubernetesObject = field(
        default_factory=lambda: {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "2", "memory": "512Mi"},
        }
    )
    """Requests and limits of the webhook; one replica answers thousands of requests a second.
    The memory is for two thousand connections and large pods at once; at rest it takes a fifth."""
    node_selector: Labels = {}
    """Labels a node must have."""
    tolerations: tuple[KubernetesObject, ...] = ()
    """Taints that the pods tolerate."""
    affinity: KubernetesObject = {}
    """Affinity of the pods."""
    topology_spread_constraints: tuple[KubernetesObject, ...] = (
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
        },
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
        },
    )
    """How replicas spread; our own labelSelector is added to each.
    The default prefers different nodes and zones, and still schedules on a single node."""
    pod_annotations: Labels = {}
    """Annotations of the webhook's pods."""
    pod_labels: Labels = {}
    """Labels of the webhook's pods, beside ours."""
    pod_security_context: KubernetesObject = field(
        default_factory=lambda: {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
    )
    """Of the webhook's pods; passes PodSecurity `restricted`. On OpenShift set runAsUser and
    runAsGroup to null: the namespace has its own range."""
    security_context: KubernetesObject = field(
        default_factory=lambda: {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
    )
    """Of the webhook's container; passes PodSecurity `restricted`."""
    service_account: ServiceAccount = ServiceAccount()
    """The identity that our RBAC rules are bound to."""
    server: Server = Server()
    """The program's own options."""
    webhook: Webhook = Webhook()
    """The webhook configuration: how the API server calls and waits."""
    certificates: Certificates = Certificates()
    """How the API server comes to trust us."""
    metrics: Metrics = Metrics()
    """Prometheus metrics, and the objects that use them."""
    network_policy: NetworkPolicy = NetworkPolicy()
    """Who may talk to the webhook, and to whom it may talk."""
    istio: Istio = Istio()
    """What Pilot must be told."""
    capability_policy: CapabilityPolicy = CapabilityPolicy()
    """A guard against capabilities in opted-in namespaces."""
    tests: Tests = Tests()
    """`helm test`."""
    extra_objects: tuple[KubernetesObject, ...] = ()
    """Further objects, rendered as they are."""
    configuration: KubernetesObject = field(
        default_factory=lambda: {
            "revision": _DEFAULTS.revision,
            "defaultRevision": _DEFAULTS.default_revision,
            "proxy": {"image": _DEFAULTS.proxy.image},
            "redirect": {
                "mode": _DEFAULTS.redirect.mode.value,
                "image": _DEFAULTS.redirect.image,
                "backend": _DEFAULTS.redirect.backend.value,
            },
            "pilot": {"connection": _DEFAULTS.pilot.connection.value},
        }
    )
    """What is injected: the webhook's configuration file, with exactly its names; what is not said
    has the program's default. docs/reference/configuration.md lists every field. A change is taken
    up by the running webhook within about a minute, without a restart. `namespace` is filled in."""
