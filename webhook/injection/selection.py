"""Gate A: whether the API server calls the webhook for a pod at all, from labels alone.

These are the selectors of the chart's MutatingWebhookConfiguration. Where `explain` and the CLI
know the namespace's labels, they ask here what the API server would do.

| namespace injection | namespace revision | pod inject | pod revision | called |
|---|---|---|---|---|
| enabled | any | not "false" | any | `namespace`, as the default revision only |
| other value | any | any | any | no |
| absent | ours | not "false" | any | `rev.namespace` |
| absent | another | any | any | no (that revision's own webhook, if it exists) |
| absent | absent | not "false" | ours | `rev.object` |
| absent | absent | "true" | absent | `object`, as the default revision only |
| absent | absent | other | absent | no |
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from webhook.model import names

Labels = Mapping[str, str | None]


class Selection(Struct, frozen=True):
    """Which of our webhooks selects the pod, or None; and why, in a sentence."""

    webhook: str | None
    why: str


def select(namespace: Labels, pod: Labels, *, revision: str, is_default: bool) -> Selection:
    """Evaluate the selectors of our webhooks on the labels of a namespace and a pod in it."""
    revisions = (revision, "default") if is_default else (revision,)
    wish = pod.get(names.INJECT)
    if names.NAMESPACE_INJECTION in namespace:
        return _by_injection_label(namespace[names.NAMESPACE_INJECTION] or "", wish, is_default)
    if names.REVISION in namespace:
        return _by_revision(namespace[names.REVISION] or "", wish, revisions)
    if wish == "false":
        return Selection(None, f'the pod\'s label {names.INJECT} is "false"')
    if names.REVISION in pod:
        return _by_pod_revision(pod[names.REVISION] or "", revisions)
    if wish == "true" and is_default:
        return Selection("object", f'the pod\'s label {names.INJECT} is "true"')
    if wish == "true":
        return Selection(
            None,
            f'the pod\'s label {names.INJECT} is "true", but names no revision, and this is not '
            f"the default revision; add the label {names.REVISION}={revision}",
        )
    return Selection(
        None, f"neither the namespace nor the pod opts in; label it {names.REVISION}={revision}"
    )


def _by_injection_label(value: str, wish: str | None, is_default: bool) -> Selection:  # noqa: FBT001
    if value != "enabled":
        return Selection(None, f'the namespace\'s label {names.NAMESPACE_INJECTION} is "{value}"')
    if not is_default:
        return Selection(
            None,
            f"the namespace's label {names.NAMESPACE_INJECTION}=enabled calls the default revision "
            f"only, and hides {names.REVISION}",
        )
    if wish == "false":
        return Selection(None, f'the pod\'s label {names.INJECT} is "false"')
    return Selection(
        "namespace", f"the namespace has the label {names.NAMESPACE_INJECTION}=enabled"
    )


def _by_revision(value: str, wish: str | None, revisions: tuple[str, ...]) -> Selection:
    if value not in revisions:
        return Selection(
            None, f'the namespace\'s label {names.REVISION} is "{value}", not "{revisions[0]}"'
        )
    if wish == "false":
        return Selection(None, f'the pod\'s label {names.INJECT} is "false"')
    return Selection("rev.namespace", f"the namespace has the label {names.REVISION}={value}")


def _by_pod_revision(value: str, revisions: tuple[str, ...]) -> Selection:
    if value not in revisions:
        return Selection(
            None, f'the pod\'s label {names.REVISION} is "{value}", not "{revisions[0]}"'
        )
    return Selection("rev.object", f"the pod has the label {names.REVISION}={value}")
