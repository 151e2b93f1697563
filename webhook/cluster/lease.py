"""The Lease that says which replica writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from webhook.cluster.client import FIELD_MANAGER, Api, ChangedError

DURATION: Final = timedelta(seconds=30)
"""After that long without a sign of life another replica takes over."""
RENEWAL: Final = timedelta(seconds=10)
"""How old our own sign of life may get."""
_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


class Lease:
    """One Lease by name; it must exist.

    Another holder's sign of life is aged by our own clock, from when we first saw it: clocks of
    nodes differ.
    """

    def __init__(
        self, api: Api, namespace: str, name: str, identity: str, clock: Callable[[], datetime]
    ) -> None:
        self._api = api
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}"
        self._identity = identity
        self._clock = clock
        self._seen: tuple[str, datetime] | None = None
        self._renewed: datetime | None = None

    def is_held(self) -> bool:
        """Take the Lease if it is free, keep it if it is ours, and tell whether we have it.

        Raises:
            ClusterError: it cannot be read or written.
        """
        lease = self._api.request("GET", self._path)
        spec = lease.get("spec") or {}
        now = self._clock()
        holder = spec.get("holderIdentity") or ""
        if holder == self._identity:
            if self._renewed is not None and now - self._renewed < RENEWAL:
                return True
        elif holder and not self._is_over(f"{holder} {spec.get('renewTime')}", now):
            return False
        return self._take(lease, spec, now)

    def release(self) -> None:
        """Let go of it, so that another replica need not wait.

        Raises:
            ClusterError: it cannot be read or written.
        """
        lease = self._api.request("GET", self._path)
        spec = lease.get("spec") or {}
        if spec.get("holderIdentity") == self._identity:
            self._put(lease, {**spec, "holderIdentity": ""})

    def _is_over(self, sign: str, now: datetime) -> bool:
        if self._seen is None or self._seen[0] != sign:
            self._seen = (sign, now)
        return now - self._seen[1] > DURATION

    def _take(self, lease: dict[str, Any], spec: dict[str, Any], now: datetime) -> bool:
        is_new = spec.get("holderIdentity") != self._identity
        time = now.strftime(_TIME)
        taken = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(DURATION.total_seconds()),
            "acquireTime": time if is_new else spec.get("acquireTime", time),
            "renewTime": time,
            "leaseTransitions": int(spec.get("leaseTransitions") or 0) + is_new,
        }
        try:
            self._put(lease, taken)
        except ChangedError:  # another replica was faster
            return False
        self._renewed = now
        return True

    def _put(self, lease: dict[str, Any], spec: dict[str, Any]) -> None:
        self._api.request(
            "PUT", self._path, query={"fieldManager": FIELD_MANAGER}, body={**lease, "spec": spec}
        )
