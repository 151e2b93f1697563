"""Makes a process inside the namespace reachable for the API server through a Service.

Nothing else does it here: endpoints come from controllers and kubelets, and there are none.
"""

from dataclasses import dataclass

from tests.apiserver.kube_api import KubeApi, KubeObject
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.network_namespace import NODE_ADDRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRoute:
    """A Service and where the processes behind it listen.

    Attributes:
        namespace: of the Service.
        name: of the Service.
        target_port: the port that every process listens on.
        addresses: their addresses, in ENDPOINT_NETWORK; none leaves the Service without endpoints,
            as when every replica is down.
        port: the Service's port, the one a webhook configuration names.
        port_name: the name of that port; endpoints are matched to the Service by it.
    """

    namespace: str
    name: str
    target_port: int
    addresses: tuple[str, ...] = (NODE_ADDRESS,)
    port: int = 443
    port_name: str = "https"


def publish_service(api: KubeApi, version: KubernetesVersion, route: ServiceRoute) -> None:
    """Create the Service and its endpoints, or move both to what `route` says now."""
    api.apply(f"/api/v1/namespaces/{route.namespace}/services/{route.name}", _service(route))
    publish_endpoints(api, version, route)


def publish_endpoints(api: KubeApi, version: KubernetesVersion, route: ServiceRoute) -> None:
    """Give a Service that exists already, such as a chart's, the endpoints of `route`.

    The API server takes notice within milliseconds, not at once: poll for what should follow.
    """
    if version.resolves_by_endpoint_slice:
        slices = f"/apis/discovery.k8s.io/v1/namespaces/{route.namespace}/endpointslices"
        api.apply(f"{slices}/{route.name}", _endpoint_slice(route))
    else:
        endpoints = f"/api/v1/namespaces/{route.namespace}/endpoints"
        api.apply(f"{endpoints}/{route.name}", _endpoints(route))


def _service(route: ServiceRoute) -> KubeObject:
    port = {"name": route.port_name, "port": route.port, "targetPort": route.target_port}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": route.namespace, "name": route.name},
        "spec": {"ports": [{**port, "protocol": "TCP"}]},
    }


def _endpoint_slice(route: ServiceRoute) -> KubeObject:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "namespace": route.namespace,
            "name": route.name,
            "labels": {"kubernetes.io/service-name": route.name},
        },
        "addressType": "IPv4",
        "ports": [_endpoint_port(route)],
        "endpoints": [
            {"addresses": [address], "conditions": {"ready": True}} for address in route.addresses
        ],
    }


def _endpoints(route: ServiceRoute) -> KubeObject:
    addresses = [{"ip": address} for address in route.addresses]
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"namespace": route.namespace, "name": route.name},
        "subsets": [{"addresses": addresses, "ports": [_endpoint_port(route)]}]
        if addresses
        else [],
    }


def _endpoint_port(route: ServiceRoute) -> KubeObject:
    return {"name": route.port_name, "protocol": "TCP", "port": route.target_port}
