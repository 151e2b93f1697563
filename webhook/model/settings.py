"""The settings of an injection: frozen types and their defaults, spelt as in the file.

Types only: `configuration` reads and checks a file; an annotation yields a changed copy
(`injection.annotations`). The text under a field says what it is for and what its default or
absence does; the file's JSON Schema and the reference are made from it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

from webhook.model.bounds import (
    Address,
    Cidr,
    CidrOrAll,
    ComponentLogLevels,
    DataKey,
    DrainSeconds,
    Image,
    Interface,
    LogLevel,
    Member,
    Name,
    ObjectName,
    OptionalText,
    Port,
    PortRange,
    PortRangeOrAll,
    PositiveSeconds,
    Quantity,
    Seconds,
    Selector,
    StatTag,
    Text,
    Threads,
    Threshold,
    TokenSeconds,
    UserId,
    Version,
)


class PullPolicy(StrEnum):
    """When kubelet asks the registry for an image."""

    ALWAYS = "Always"
    IF_NOT_PRESENT = "IfNotPresent"
    NEVER = "Never"


class RedirectMode(StrEnum):
    """Who puts the kernel rules in place."""

    INIT = "init"
    CNI = "cni"
    NONE = "none"


class Backend(StrEnum):
    """Which kernel interface the rules go through; `auto` is nft, then iptables-nft."""

    AUTO = "auto"
    NFT = "nft"
    IPTABLES_NFT = "iptables-nft"
    LEGACY = "legacy"


class InterceptionMode(StrEnum):
    """How packets reach the proxy (Istio's `sidecar.istio.io/interceptionMode`)."""

    REDIRECT = "REDIRECT"
    TPROXY = "TPROXY"
    NONE = "NONE"


class PilotConnection(StrEnum):
    """`token`: TLS on 15012 with the pod's projected token; `plaintext`: 15010."""

    TOKEN = "token"  # noqa: S105 - the name of a way to connect
    PLAINTEXT = "plaintext"


class DefaultPolicy(StrEnum):
    """What happens to a pod that says nothing and that no selector names."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class OnInvalid(StrEnum):
    """What an annotation that cannot be read does: deny the pod, or warn and use the default."""

    DENY = "deny"
    WARN = "warn"


class OverlayMode(StrEnum):
    """Which fields of a user's own `istio-proxy` container are taken."""

    SAFE = "safe"
    UNRESTRICTED = "unrestricted"


class OverlayTarget(StrEnum):
    """What a configured overlay is merged into."""

    PROXY = "proxy"
    INIT = "init"
    POD = "pod"


class _Section(
    Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
    omit_defaults=False,
):
    """One object of the configuration file; every field has a default."""


class ResourceList(_Section, frozen=True):
    """Amounts of one kind."""

    cpu: Quantity | None = None
    """CPU, as Kubernetes writes it; null leaves it out, absent keeps the default."""
    memory: Quantity | None = None
    """Memory, as Kubernetes writes it; null leaves it out, absent keeps the default."""


class Resources(_Section, frozen=True):
    """A container's requests and limits; each amount not given keeps its default."""

    requests: ResourceList = ResourceList()
    """What the scheduler sets aside; not above the limits."""
    limits: ResourceList = ResourceList()
    """What the kernel allows; quotas of a namespace often demand them."""


class Ports(_Section, frozen=True):
    """Ports inside the pod, all different; the defaults are Istio's, which its tools count on."""

    admin: Port = 15000
    """Envoy's administration, on the loopback address only."""
    outbound: Port = 15001
    """Where the application's own connections are redirected to."""
    inbound: Port = 15006
    """Where connections to the application are redirected to."""
    probes: Port = 15020
    """Where rewritten probes of the application are answered."""
    readiness: Port = 15021
    """The proxy's own readiness, `/healthz/ready`, and its drain path."""
    prometheus: Port = 15090
    """The proxy's metrics, `/stats/prometheus`."""


class Readiness(_Section, frozen=True):
    """Numbers of the proxy's readiness probe; the defaults are Istio's."""

    initial_delay_seconds: Seconds = 0
    """How long kubelet waits before the first attempt."""
    period_seconds: PositiveSeconds = 15
    """How often kubelet asks."""
    timeout_seconds: PositiveSeconds = 3
    """How long kubelet waits for an answer."""
    failure_threshold: Threshold = 4
    """Failures in a row after which the pod takes no traffic."""


class Startup(_Section, frozen=True):
    """Numbers of the proxy's startup probe, which holds the application until Pilot answered."""

    period_seconds: PositiveSeconds = 1
    """How often kubelet asks, so how soon the application starts after the proxy is ready."""
    timeout_seconds: PositiveSeconds = 3
    """How long kubelet waits for an answer."""
    failure_threshold: Threshold = 600
    """Failures in a row after which kubelet restarts the proxy: ten minutes by default."""


class Proxy(_Section, frozen=True):
    """The `istio-proxy` container: stock Envoy."""

    image: Image = "envoyproxy/envoy:distroless-v1.40.0"
    """Image of the proxy; it needs no shell."""
    image_pull_policy: PullPolicy | None = None
    """When the image is pulled; null leaves it to Kubernetes, which looks at the tag."""
    image_pull_secrets: tuple[ObjectName, ...] = ()
    """Secrets of the pod's namespace added to the pod, for images of a private registry."""
    resources: Resources = Resources(
        requests=ResourceList(cpu="100m", memory="128Mi"),
        limits=ResourceList(cpu="2", memory="1Gi"),
    )
    """Requests and limits; Istio's defaults."""
    log_level: LogLevel = "warning"
    """Envoy's log level."""
    component_log_level: ComponentLogLevels = "misc:error"
    """Log levels of single components of Envoy."""
    concurrency: Threads = 2
    """Worker threads; 0 is one per core of the node."""
    ports: Ports = Ports()
    """Ports of the proxy inside the pod."""
    uid: UserId = 1337
    """User of the proxy; the kernel rules let its packets pass, so nothing else may run as it."""
    gid: UserId = 1337
    """Group of the proxy; the kernel rules let its packets pass."""
    drain_seconds: DrainSeconds = 45
    """How long connections may take to end when the pod stops."""
    native: bool = True
    """A native sidecar (an init container that restarts); false: a classic container."""
    cluster_domain: ObjectName = "cluster.local"
    """The cluster's DNS domain, part of the name by which Pilot knows the proxy."""
    service_cluster: Text | None = None
    """Envoy's `--service-cluster`; null: `<app label or workload>.<namespace>`."""
    readiness: Readiness = Readiness()
    """The proxy's readiness probe."""
    startup: Startup = Startup()
    """The proxy's startup probe; a classic container has none that holds the application."""
    ipv6: bool = True
    """False where the nodes' kernel has no IPv6 at all (`ipv6.disable=1`): Envoy refuses to start
    with any IPv6 address there. IPv6 switched off by a sysctl needs nothing."""
    allow_tproxy: bool = False
    """Let pods ask for TPROXY, where the proxy runs as root with NET_ADMIN; false denies it."""
    overlay: OverlayMode = OverlayMode.SAFE
    """Which fields of a user's own `istio-proxy` container are taken."""


class Redirect(_Section, frozen=True):
    """The `istio-init` container (or its validating stand-in), which sets the kernel rules."""

    mode: RedirectMode = RedirectMode.INIT
    """Who sets the rules: a container of the pod, a CNI plugin of the node, or nobody."""
    image: Image = "pillion/init:0.1.0"
    """Image that holds `pillion-init`."""
    image_pull_policy: PullPolicy | None = None
    """When the image is pulled; null leaves it to Kubernetes, which looks at the tag."""
    resources: Resources = Resources(
        requests=ResourceList(cpu="10m", memory="32Mi"),
        limits=ResourceList(cpu="1", memory="64Mi"),
    )
    """Requests and limits; the container runs for less than a second."""
    backend: Backend = Backend.AUTO
    """Which kernel interface the rules go through; `legacy` also needs NET_RAW."""


class RootCertificate(_Section, frozen=True):
    """Where the pod gets Pilot's root: a ConfigMap of its namespace or a ClusterTrustBundle."""

    config_map: ObjectName = "istio-ca-root-cert"
    """The ConfigMap, which istiod writes into every namespace."""
    key: DataKey = "root-cert.pem"
    """Its key that holds the certificates."""
    cluster_trust_bundle: ObjectName | None = None
    """A ClusterTrustBundle's name, used instead; null: the ConfigMap is used."""


class Pilot(_Section, frozen=True):
    """How each Envoy reaches Pilot and what it says of itself there."""

    address: Address | None = None
    """host:port; null: `istiod-<revision>.istio-system.svc` with the connection's port."""
    connection: PilotConnection = PilotConnection.TOKEN
    """`token`: TLS with the pod's projected token; `plaintext`: any pod may claim any name."""
    cluster_id: Text = "Kubernetes"
    """The cluster's name at Pilot; another one than istiod's finds no inbound configuration."""
    mesh_id: Text = "cluster.local"
    """The mesh's name, for telemetry."""
    trust_domain: Text = "cluster.local"
    """The trust domain of identities in the mesh."""
    network: OptionalText = ""
    """The network of the pods, for meshes over several; empty: a single network."""
    istio_version: Version = "1.32.0"
    """Pilot gates what it sends by this; it should be istiod's own version."""
    root_certificate: RootCertificate = RootCertificate()
    """Where the certificate that Pilot's is checked against comes from."""
    token_audience: Text = "istio-ca"  # noqa: S105 - an audience
    """Audience of the projected token; istiod's TOKEN_AUDIENCES."""
    token_expiration_seconds: TokenSeconds = 43200
    """Life of the projected token asked of kubelet, which renews it at 80 %."""


class Policy(_Section, frozen=True):
    """Which pods of an opted-in namespace are injected."""

    default: DefaultPolicy = DefaultPolicy.ENABLED
    """What happens to a pod that says nothing and that no selector names."""
    always_inject_selector: tuple[Selector, ...] = ()
    """Label selectors; a pod that one of them selects is injected unless it opts out."""
    never_inject_selector: tuple[Selector, ...] = ()
    """Label selectors; a pod that one of them selects is left alone unless it opts in."""


class Traffic(_Section, frozen=True):
    """Which packets go through the proxy."""

    interception_mode: InterceptionMode = InterceptionMode.REDIRECT
    """How packets reach the proxy; NONE sets no rules."""
    include_outbound_cidrs: tuple[CidrOrAll, ...] = ("*",)
    """Addresses whose connections are captured; `["*"]` is all, an empty list none."""
    exclude_outbound_cidrs: tuple[Cidr, ...] = ()
    """Addresses whose connections are not captured."""
    include_inbound_ports: tuple[PortRangeOrAll, ...] = ("*",)
    """Ports of the pod that are captured, as numbers or ranges; `["*"]` is all."""
    exclude_inbound_ports: tuple[PortRange, ...] = ()
    """Ports of the pod that are not captured, beside Pillion's own."""
    include_outbound_ports: tuple[PortRange, ...] = ()
    """Ports whose connections are captured whatever their address."""
    exclude_outbound_ports: tuple[PortRange, ...] = ()
    """Ports whose connections are not captured."""
    exclude_interfaces: tuple[Interface, ...] = ()
    """Interfaces whose packets are not captured, in both directions."""
    virtual_interfaces: tuple[Interface, ...] = ()
    """Interfaces of virtual machines, whose incoming packets count as outbound."""


class Probes(_Section, frozen=True):
    """The application's probes and hooks."""

    rewrite: bool = True
    """Answer those that capture would break on the proxy's probe port; false leaves all alone."""


class Tracing(_Section, frozen=True):
    """The bootstrap's own tracer; Istio's Telemetry API needs none of this."""

    zipkin_address: Address | None = None
    """host:port of a Zipkin collector; null: no tracer in the bootstrap."""


class Stats(_Section, frozen=True):
    """What Envoy keeps and exports on the Prometheus port, beside what Pillion always keeps."""

    inclusion_prefixes: tuple[Text, ...] = ()
    """Beginnings of the names of statistics to keep."""
    inclusion_suffixes: tuple[Text, ...] = ()
    """Ends of the names of statistics to keep."""
    inclusion_regexps: tuple[Text, ...] = ()
    """RE2 expressions for the names of statistics to keep."""
    extra_tags: tuple[StatTag, ...] = ()
    """Tags extracted from the names of statistics, beside Istio's."""
    histogram_buckets: dict[str, tuple[float, ...]] | None = None
    """Stat name prefix to ascending upper bounds; null: Envoy's own buckets."""
    flush_interval_seconds: PositiveSeconds | None = None
    """How often Envoy gathers statistics; null: its default of 5 seconds."""
    eviction_interval_seconds: PositiveSeconds | None = None
    """How long an unchanged statistic is kept, a multiple of the former; null: for ever."""


class Bootstrap(_Section, frozen=True):
    """What the Envoy document says beyond the way to Pilot."""

    tracing: Tracing = Tracing()
    """The bootstrap's own tracer."""
    stats: Stats = Stats()
    """Which statistics are kept."""
    proxy_metadata: dict[str, OptionalText] = {}
    """Extra text members of the node metadata, for Pilot's opt-ins and EnvoyFilter matches."""
    proxy_config: dict[str, Any] = {}
    """Istio's ProxyConfig members that Pilot reads (tracing, proxyHeaders, connectionSettings),
    sent as node metadata PROXY_CONFIG; empty: Pilot uses the mesh's defaultConfig."""
    override_config_map: ObjectName | None = None
    """A ConfigMap of the pod's namespace whose `custom_bootstrap.json` Envoy merges over ours;
    null: none."""


class ExtraKind(_Section, frozen=True):
    """A custom resource with a pod template."""

    group: ObjectName
    """Its API group."""
    version: Name
    """Its API version."""
    kind: Member
    """Its kind."""
    path: Annotated[
        tuple[Member, ...], Meta(min_length=1, title="members that lead to the pod template")
    ]
    """Members that lead from the document's root to the pod template."""


class Overlay(_Section, frozen=True):
    """A strategic-merge patch that an administrator puts over what we inject, or over the pod."""

    name: Name
    """A name for messages; each overlay has its own."""
    target: OverlayTarget
    """What the patch is merged into."""
    patch: dict[str, Any]
    """The patch: a container for `proxy` and `init`, a pod for `pod`."""


class AnnotationRules(_Section, frozen=True):
    """Which of the annotations a pod author may use; a denial beats a permission."""

    allow: tuple[Text, ...] = ("*",)
    """Keys that may be used; a pattern may end in `*`. Another key is a mistake of the pod."""
    deny: tuple[Text, ...] = ()
    """Keys that may not be used; a pattern may end in `*`."""


class Settings(_Section, frozen=True):
    """Everything that decides what a pod becomes; equal settings and pods give equal patches."""

    revision: Name = "pillion"
    """The name namespaces and pods opt in by, with the label `istio.io/rev`."""
    default_revision: bool = False
    """Also answer for `istio-injection: enabled`, Istio's label without a revision."""
    namespace: Name = "pillion-system"
    """The namespace Pillion runs in, which is never injected."""
    proxy: Proxy = Proxy()
    """The proxy's container."""
    redirect: Redirect = Redirect()
    """The container that sets the kernel rules."""
    pilot: Pilot = Pilot()
    """The way to Pilot."""
    policy: Policy = Policy()
    """Which pods are injected."""
    traffic: Traffic = Traffic()
    """Which packets are captured; pods override it by annotations."""
    probes: Probes = Probes()
    """What happens to the application's probes."""
    bootstrap: Bootstrap = Bootstrap()
    """Tracing, statistics and node metadata."""
    extra_kinds: tuple[ExtraKind, ...] = (
        ExtraKind(
            group="argoproj.io", version="v1alpha1", kind="Rollout", path=("spec", "template")
        ),
    )
    """Custom resources with a pod template, beside Kubernetes' own; the list replaces this one."""
    overlays: tuple[Overlay, ...] = ()
    """Patches over what is injected, in this order."""
    annotations: AnnotationRules = AnnotationRules()
    """Which annotations pods may use."""
    on_invalid_annotation: OnInvalid = OnInvalid.DENY
    """What an annotation that cannot be read does: deny the pod, or warn and use the default."""
