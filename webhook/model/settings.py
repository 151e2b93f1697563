"""The settings of an injection: frozen types and their defaults, spelt as in the file.

Types only: `configuration` reads and checks a file; an annotation yields a changed copy
(`injection.annotations`). Each field's bounds are here, so that the file's JSON Schema, its
validation and the reference are made from the same lines.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[int, Meta(ge=0, le=2147483647)]
PositiveSeconds = Annotated[int, Meta(ge=1, le=2147483647)]
Threshold = Annotated[int, Meta(ge=1, le=2147483647)]
Quantity = Annotated[
    str,
    Meta(pattern=r"^[+]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"),
]
"""A Kubernetes resource quantity, not negative (k8s.io/apimachinery `resource.Quantity`)."""
Name = Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
"""A DNS label (RFC 1123)."""
Image = Annotated[str, Meta(min_length=1, max_length=1024, pattern=r"^[^\s]+$")]
Selector = dict[str, Any]
"""A Kubernetes LabelSelector: `matchLabels` and `matchExpressions`."""


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
    """Amounts of one kind; None leaves the resource out."""

    cpu: Quantity | None = None
    memory: Quantity | None = None


class Resources(_Section, frozen=True):
    """A container's requests and limits."""

    requests: ResourceList = ResourceList()
    limits: ResourceList = ResourceList()


class Ports(_Section, frozen=True):
    """Ports inside the pod; the defaults are Istio's, which istiod and istioctl count on."""

    admin: Port = 15000
    outbound: Port = 15001
    inbound: Port = 15006
    probes: Port = 15020
    readiness: Port = 15021
    prometheus: Port = 15090


class Readiness(_Section, frozen=True):
    """Numbers of the proxy's readiness probe (Istio's defaults)."""

    initial_delay_seconds: Seconds = 0
    period_seconds: PositiveSeconds = 15
    timeout_seconds: PositiveSeconds = 3
    failure_threshold: Threshold = 4


class Startup(_Section, frozen=True):
    """Numbers of the proxy's startup probe, which holds the application until Pilot answered."""

    period_seconds: PositiveSeconds = 1
    timeout_seconds: PositiveSeconds = 3
    failure_threshold: Threshold = 600


class Proxy(_Section, frozen=True):
    """The `istio-proxy` container: stock Envoy."""

    image: Image = "envoyproxy/envoy:distroless-v1.40.0"
    image_pull_policy: PullPolicy | None = None
    image_pull_secrets: tuple[Name, ...] = ()
    resources: Resources = Resources(
        requests=ResourceList(cpu="100m", memory="128Mi"),
        limits=ResourceList(cpu="2", memory="1Gi"),
    )
    log_level: Annotated[
        str, Meta(pattern=r"^(trace|debug|info|warning|warn|error|critical|off)$")
    ] = "warning"
    component_log_level: Annotated[
        str, Meta(pattern=r"^([a-z0-9_]+:[a-z]+(,[a-z0-9_]+:[a-z]+)*)?$")
    ] = "misc:error"
    concurrency: Annotated[int, Meta(ge=0, le=1024)] = 2
    """Worker threads; 0 is one per core of the node."""
    ports: Ports = Ports()
    uid: Annotated[int, Meta(ge=1, le=4294967294)] = 1337
    gid: Annotated[int, Meta(ge=1, le=4294967294)] = 1337
    drain_seconds: Annotated[int, Meta(ge=1, le=3600)] = 45
    native: bool = True
    """A native sidecar (an init container that restarts); false: a classic container."""
    cluster_domain: Annotated[str, Meta(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")] = (
        "cluster.local"
    )
    service_cluster: Annotated[str, Meta(max_length=253)] | None = None
    """Envoy's `--service-cluster`; None: `<app label or workload>.<namespace>`."""
    readiness: Readiness = Readiness()
    startup: Startup = Startup()
    allow_tproxy: bool = False
    """TPROXY needs the proxy to run as root with NET_ADMIN; without this it is denied."""
    overlay: OverlayMode = OverlayMode.SAFE


class Redirect(_Section, frozen=True):
    """The `istio-init` container (or its validating stand-in), which sets the kernel rules."""

    mode: RedirectMode = RedirectMode.INIT
    image: Image = "pillion/init:0.1.0"
    image_pull_policy: PullPolicy | None = None
    resources: Resources = Resources(
        requests=ResourceList(cpu="10m", memory="32Mi"),
        limits=ResourceList(cpu="1", memory="64Mi"),
    )
    backend: Backend = Backend.AUTO


class RootCertificate(_Section, frozen=True):
    """Where the pod gets Pilot's root: a ConfigMap of its namespace or a ClusterTrustBundle."""

    config_map: Annotated[str, Meta(min_length=1, max_length=253)] = "istio-ca-root-cert"
    key: Annotated[str, Meta(min_length=1, max_length=253)] = "root-cert.pem"
    cluster_trust_bundle: Annotated[str, Meta(min_length=1, max_length=253)] | None = None


class Pilot(_Section, frozen=True):
    """How each Envoy reaches Pilot and what it says of itself there."""

    address: (
        Annotated[str, Meta(pattern=r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$")] | None
    ) = None
    """host:port; None: `istiod-<revision>.istio-system.svc` with the connection's port."""
    connection: PilotConnection = PilotConnection.TOKEN
    cluster_id: Annotated[str, Meta(min_length=1)] = "Kubernetes"
    mesh_id: Annotated[str, Meta(min_length=1)] = "cluster.local"
    trust_domain: Annotated[str, Meta(min_length=1)] = "cluster.local"
    network: str = ""
    istio_version: Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")] = "1.32.0"
    """Pilot gates what it sends by this; unset it assumes the newest and warns."""
    root_certificate: RootCertificate = RootCertificate()
    token_audience: Annotated[str, Meta(min_length=1)] = "istio-ca"  # noqa: S105 - an audience
    token_expiration_seconds: Annotated[int, Meta(ge=600, le=4294967296)] = 43200
    """Asked of kubelet, which renews at 80 %; Kubernetes' lower bound is 600."""


class Policy(_Section, frozen=True):
    """Which pods of an opted-in namespace are injected."""

    default: DefaultPolicy = DefaultPolicy.ENABLED
    always_inject_selector: tuple[Selector, ...] = ()
    never_inject_selector: tuple[Selector, ...] = ()


class Traffic(_Section, frozen=True):
    """Which packets go through the proxy. A list of ports or ranges may be `["*"]` for all."""

    interception_mode: InterceptionMode = InterceptionMode.REDIRECT
    include_outbound_cidrs: tuple[str, ...] = ("*",)
    exclude_outbound_cidrs: tuple[str, ...] = ()
    include_inbound_ports: tuple[str, ...] = ("*",)
    exclude_inbound_ports: tuple[str, ...] = ()
    include_outbound_ports: tuple[str, ...] = ()
    exclude_outbound_ports: tuple[str, ...] = ()
    exclude_interfaces: tuple[str, ...] = ()
    virtual_interfaces: tuple[str, ...] = ()


class Probes(_Section, frozen=True):
    """The application's probes and hooks."""

    rewrite: bool = True
    """Send those that capture would break through the proxy's probe port."""


class Tracing(_Section, frozen=True):
    """The bootstrap's own tracer; Istio's Telemetry API needs none of this."""

    zipkin_address: (
        Annotated[str, Meta(pattern=r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$")] | None
    ) = None


class Stats(_Section, frozen=True):
    """What Envoy keeps and exports on the Prometheus port, beside what Pillion always keeps."""

    inclusion_prefixes: tuple[str, ...] = ()
    inclusion_suffixes: tuple[str, ...] = ()
    inclusion_regexps: tuple[str, ...] = ()
    extra_tags: tuple[str, ...] = ()
    histogram_buckets: dict[str, tuple[float, ...]] | None = None
    """Stat name prefix to ascending upper bounds."""
    flush_interval_seconds: PositiveSeconds | None = None
    eviction_interval_seconds: PositiveSeconds | None = None


class Bootstrap(_Section, frozen=True):
    """What the Envoy document says beyond the way to Pilot."""

    tracing: Tracing = Tracing()
    stats: Stats = Stats()
    proxy_metadata: dict[str, str] = {}
    """Extra string entries of the node metadata, for EnvoyFilter matches."""
    proxy_config: dict[str, Any] = {}
    """Istio's ProxyConfig fields that Pilot itself reads (tracing, proxyHeaders, …), sent as
    node metadata PROXY_CONFIG."""
    override_config_map: Annotated[str, Meta(min_length=1, max_length=253)] | None = None
    """A ConfigMap of the pod's namespace whose `custom_bootstrap.json` Envoy merges over ours."""


class ExtraKind(_Section, frozen=True):
    """A custom resource with a pod template."""

    group: str
    version: str
    kind: str
    path: tuple[str, ...]
    """Members that lead from the document's root to the pod template."""


class Overlay(_Section, frozen=True):
    """A strategic-merge patch that an administrator puts over what we inject, or over the pod."""

    name: Name
    target: OverlayTarget
    patch: dict[str, Any]


class AnnotationRules(_Section, frozen=True):
    """Which of the annotations a pod author may use; a pattern may end in `*`."""

    allow: tuple[str, ...] = ("*",)
    deny: tuple[str, ...] = ()


class Settings(_Section, frozen=True):
    """Everything that decides what a pod becomes; equal settings and pods give equal patches."""

    revision: Name = "pillion"
    default_revision: bool = False
    """Also answer for `istio-injection: enabled`, Istio's label without a revision."""
    namespace: Name = "pillion-system"
    """The namespace Pillion runs in, which is never injected."""
    proxy: Proxy = Proxy()
    redirect: Redirect = Redirect()
    pilot: Pilot = Pilot()
    policy: Policy = Policy()
    traffic: Traffic = Traffic()
    probes: Probes = Probes()
    bootstrap: Bootstrap = Bootstrap()
    extra_kinds: tuple[ExtraKind, ...] = (
        ExtraKind(
            group="argoproj.io", version="v1alpha1", kind="Rollout", path=("spec", "template")
        ),
    )
    overlays: tuple[Overlay, ...] = ()
    annotations: AnnotationRules = AnnotationRules()
    on_invalid_annotation: OnInvalid = OnInvalid.DENY
