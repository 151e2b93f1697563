"""What readiness says of the served certificate: would the API server accept it, as we know it?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from webhook.pki import trust
from webhook.serving.health import Finding


def verdict(
    chain: str | None,
    bundles: Mapping[str, str | None],
    *,
    name: str,
    now: datetime,
    failure: str | None,
) -> Finding | None:
    """Return why the API server would refuse us, or None.

    Args:
        chain: what we serve; None before there is anything that it could trust.
        bundles: the caBundle of each webhook configuration as last observed; None for one that is
            not installed.
        name: by which it calls us.
        now: the time.
        failure: why the last attempt to read or renew failed.
    """
    because = f" ({failure})" if failure else ""
    if chain is None:
        return Finding(f"there is no certificate to serve yet{because}")
    if not bundles:
        return Finding(f"the webhook configuration was not observed yet{because}")
    for configuration, bundle in bundles.items():
        if bundle is None:
            return Finding(
                f'MutatingWebhookConfiguration "{configuration}" is not installed: nobody calls us'
            )
        complaint = trust.complaint(chain, bundle, name, now)
        if complaint is not None:
            return Finding(f'MutatingWebhookConfiguration "{configuration}": {complaint}{because}')
    if failure:
        return Finding(f"what is served is good, but {failure}", blocks=False)
    return None
