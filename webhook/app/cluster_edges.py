"""Adapters between the certificates' loop and the cluster's objects, which know nothing of it."""

from __future__ import annotations

from collections.abc import Mapping

from webhook.cluster.client import ChangedError
from webhook.cluster.lease import Lease
from webhook.cluster.registration import CaBundles
from webhook.cluster.secret import Secret
from webhook.pki.authority import AuthorityError
from webhook.pki.keeper import ConflictError, Stored
from webhook.pki.rotation import Record
from webhook.pki.stored_record import KEYS, data_of, record_of
from webhook.serving.draining import Draining


class RecordInSecret:
    """The authority's record, kept in the Secret."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def read(self) -> Stored:
        """Return what is stored; ClusterError when the Secret cannot be read."""
        found = self._secret.read()
        try:
            return Stored(record_of(found.data), found.version)
        except AuthorityError as error:
            return Stored(None, found.version, str(error))

    def write(self, record: Record, version: str) -> None:
        """Replace that version; ConflictError when it is not the newest any more."""
        try:
            self._secret.write(data_of(record), version, KEYS)
        except ChangedError as error:
            raise ConflictError(str(error)) from error


class Registered:
    """The caBundles of the webhook configurations."""

    def __init__(self, bundles: CaBundles) -> None:
        self._bundles = bundles

    def bundles(self) -> Mapping[str, str | None]:
        """Return the caBundles as the API server has them."""
        return self._bundles.bundles()

    def register(self, configuration: str, bundle: str) -> None:
        """Write one; ConflictError when the configuration was changed meanwhile."""
        try:
            self._bundles.register(configuration, bundle)
        except ChangedError as error:
            raise ConflictError(str(error)) from error


class LeaseUntilDraining:
    """The Lease, let go of when we leave."""

    def __init__(self, lease: Lease, draining: Draining) -> None:
        self._lease = lease
        self._draining = draining
        self._released = False

    def is_held(self) -> bool:
        """Tell whether we write."""
        if not self._draining.begun:
            return self._lease.is_held()
        if not self._released:
            self._lease.release()
            self._released = True
        return False
