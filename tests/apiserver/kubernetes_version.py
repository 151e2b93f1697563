"""Names the Kubernetes versions that tests run against, and where their API servers differ."""

from enum import StrEnum


class KubernetesVersion(StrEnum):
    """The newest and the oldest supported version; the value is what a person types."""

    V1_37 = "1.37"
    V1_33 = "1.33"

    @property
    def tool_group(self) -> str:
        """Return the group of tools that pins this version's API server."""
        return {"1.37": "kube", "1.33": "kube133"}[self.value]

    @property
    def resolves_by_endpoint_slice(self) -> bool:
        """Tell whether a webhook's Service is resolved through EndpointSlice, else Endpoints.

        In 1.33 the aggregator's routing reads v1 Endpoints (`NewEndpointServiceResolver`).
        """
        return self is not KubernetesVersion.V1_33
