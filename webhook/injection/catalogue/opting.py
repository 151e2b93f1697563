"""Keys that decide whether a pod is injected, and what Pillion writes; read by the decision."""

from __future__ import annotations

from typing import Final

from webhook.injection.catalogue.entry import Entry, Place
from webhook.model import names

ENTRIES: Final = (
    Entry(
        key=names.NAMESPACE_INJECTION,
        place=Place.NAMESPACE_LABEL,
        accepted="enabled or disabled",
        default="the revision label decides",
        effect="opts a namespace in (only where Pillion is the default revision) or out",
    ),
    Entry(
        key=names.REVISION,
        place=Place.NAMESPACE_LABEL,
        accepted="the name of a revision",
        default="the namespace is not opted in",
        effect="opts a namespace in with that revision",
    ),
    Entry(
        key=names.REVISION,
        place=Place.LABEL,
        accepted="the name of a revision",
        default="the namespace's label decides",
        effect="opts a pod in with that revision where the namespace says nothing",
    ),
    Entry(
        key=names.INJECT,
        place=Place.LABEL,
        accepted="true or false; anything else is a warning and counts as absent",
        default="the policy decides",
        effect="opts a pod in or out, over policy and selectors",
    ),
    Entry(
        key=names.INJECT,
        accepted="true or false; anything else is a warning and counts as absent",
        default="the policy decides",
        effect="as the label of this name, which wins; the webhook is called all the same",
    ),
    Entry(
        key=names.DATAPLANE_MODE,
        place=Place.LABEL,
        accepted="ambient or none",
        default="no ambient mesh",
        effect="ambient skips the pod unless it is opted in explicitly",
    ),
    Entry(
        key="inject.istio.io/templates",
        accepted="sidecar",
        default="sidecar",
        effect="any other template is denied: gateways belong to Istio's own revision",
    ),
    Entry(
        key=names.STATUS,
        accepted="what Pillion wrote",
        default="not injected yet",
        effect="the record of an injection, from which it is undone or repeated",
    ),
    Entry(
        key=names.REVISION,
        accepted="anything; it is written by the injection",
        default="written at injection",
        effect="names the revision that injected the pod",
    ),
)
