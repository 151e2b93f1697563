"""Every name, key, path and number that must be the same everywhere, with its source."""

from __future__ import annotations

from typing import Final

INJECTOR: Final = "pillion"
"""Value of `injector` in the status record; tells our injections from Istio's."""

# Containers. Istio's names: istioctl, Kiali and istiod's own analysers look for them.
PROXY: Final = "istio-proxy"
INIT: Final = "istio-init"
VALIDATION: Final = "istio-validation"
RESERVED_CONTAINERS: Final = (INIT, VALIDATION)
"""Names a pod author may not use; `istio-proxy` may be declared, as an overlay of ours."""

FOREIGN_SIDECARS: Final = ("linkerd-proxy", "kuma-sidecar", "consul-dataplane")
"""Sidecars of other meshes: two proxies would redirect each other's traffic."""

# Volumes.
VOLUME_TOKEN: Final = "istio-token"  # noqa: S105 - a volume's name
VOLUME_ROOT: Final = "istiod-ca-cert"
VOLUME_OVERRIDE: Final = "custom-bootstrap-volume"
VOLUME_NO_API_TOKEN: Final = "pillion-no-api-token"  # noqa: S105 - a volume's name

# Paths inside the proxy container.
API_TOKEN_DIRECTORY: Final = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105
"""Where the ServiceAccount admission plugin mounts the application's token unless something is."""
TOKEN_DIRECTORY: Final = "/var/run/secrets/tokens"  # noqa: S105
TOKEN_FILE: Final = "istio-token"  # noqa: S105
ROOT_DIRECTORY: Final = "/var/run/secrets/istio"
ROOT_FILE: Final = "root-cert.pem"

# Labels.
INJECT: Final = "sidecar.istio.io/inject"
"""Label (an annotation of the same name is read where the label is absent): `true` or `false`."""
REVISION: Final = "istio.io/rev"
NAMESPACE_INJECTION: Final = "istio-injection"
DATAPLANE_MODE: Final = "istio.io/dataplane-mode"
TLS_MODE: Final = "security.istio.io/tlsMode"
CANONICAL_NAME: Final = "service.istio.io/canonical-name"
CANONICAL_REVISION: Final = "service.istio.io/canonical-revision"
WORKLOAD_NAME: Final = "service.istio.io/workload-name"
NETWORK: Final = "topology.istio.io/network"
POD_TEMPLATE_HASH: Final = "pod-template-hash"
ROLLOUT_TEMPLATE_HASH: Final = "rollouts-pod-template-hash"

# Annotations that we read.
TEMPLATES: Final = "inject.istio.io/templates"

# Annotations that we write.
STATUS: Final = "sidecar.istio.io/status"
DEFAULT_CONTAINER: Final = "kubectl.kubernetes.io/default-container"
DEFAULT_LOGS_CONTAINER: Final = "kubectl.kubernetes.io/default-logs-container"
MIRROR_POD: Final = "kubernetes.io/config.mirror"
STATIC_POD_SOURCE: Final = "kubernetes.io/config.source"

SYSTEM_NAMESPACES: Final = ("kube-system", "kube-public", "kube-node-lease")
"""Never injected: a broken sidecar there takes the cluster down."""

# Limits of Kubernetes and Linux.
ANNOTATIONS_LIMIT: Final = 256 * 1024
"""Bytes of all annotation keys and values together that the API server accepts
(k8s.io/apimachinery `TotalAnnotationSizeLimitB`)."""
STATUS_LIMIT: Final = 32 * 1024
"""Bytes of our status annotation: an eighth of the above; more is denied."""
BOOTSTRAP_LIMIT: Final = 124 * 1024
"""Bytes of the Envoy document, expanded: Linux takes 131,071 bytes in one argument
(MAX_ARG_STRLEN), and what kubelet's `$(POD_NAME)` expands to must still fit."""
LABEL_VALUE_LIMIT: Final = 63
