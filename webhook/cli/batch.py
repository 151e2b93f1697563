"""A batch of manifests put through the engine: what becomes of each pod, and the new texts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from webhook.cli.inputs import Source
from webhook.injection.decision import Match, Reason, Verdict
from webhook.injection.engine import Denied, Engine, Explanation, Injected, Outcome, Skipped
from webhook.injection.patch import Stage
from webhook.injection.plan import Context
from webhook.injection.selection import Selection, select
from webhook.injection.workload import Workload as OwnerWorkload
from webhook.manifests import kinds
from webhook.manifests.document import Document
from webhook.manifests.splice import splice
from webhook.model.errors import ManifestError, PodRejected
from webhook.model.pod import Pod, read


class Target(Struct, frozen=True):
    """A pod among the manifests, with what is known beside it."""

    document: Document
    workload: kinds.Workload
    text: bytes
    """The pod's JSON."""
    context: Context
    selection: Selection | None
    """What the API server's selectors would do; None when the namespace's labels are not known."""

    @property
    def label(self) -> str:
        """How people name it: `Deployment demo/web`."""
        owner = self.workload.owner
        return f"{owner.kind} {self.context.namespace}/{owner.name or '(no name)'}"

    @property
    def where(self) -> str:
        """Where it stands: `app.yaml, document 3`."""
        place = self.document.inner
        return f"{place.source}, document {place.number}"


class Result(Struct, frozen=True):
    """What became of a pod."""

    target: Target
    outcome: Outcome


class RefusedError(ManifestError):
    """Pods that must not be admitted as they are; `mistakes` holds a sentence for each."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        self.mistakes = mistakes
        super().__init__("\n".join(mistakes))


class Batch:
    """Inputs read, and the pods in them found."""

    def __init__(
        self,
        sources: Sequence[Source],
        engine: Engine,
        *,
        namespace: str,
        namespace_labels: Mapping[str, str] | None,
        token: str | None,
        strict: bool,
    ) -> None:
        """Find the pods.

        Args:
            sources: the inputs.
            engine: decides and plans.
            namespace: of objects that name none.
            namespace_labels: of that namespace; None when they are not known.
            token: for every pod; None derives one for each from its manifest.
            strict: parse documents that cannot hold a pod too.

        Raises:
            ManifestError: a document cannot be read.
        """
        self._sources = sources
        self._engine = engine
        documents = [document for source in sources for document in source.documents]
        self._labels: dict[str, Mapping[str, str]] = dict(kinds.namespace_labels(documents))
        if namespace_labels is not None:
            self._labels[namespace] = namespace_labels
        self._namespace = namespace
        self._token = token
        self.warnings: list[str] = []
        self.targets: list[Target] = []
        for document in documents:
            survey = kinds.survey(document, engine.settings.extra_kinds, strict=strict)
            self.warnings += survey.warnings
            self.targets += (self._target(document, found) for found in survey.workloads)

    @property
    def unknown_namespaces(self) -> tuple[str, ...]:
        """Namespaces with pods whose labels are not known."""
        found = (t.context.namespace for t in self.targets if t.selection is None)
        return tuple(dict.fromkeys(found))

    @property
    def other_documents(self) -> int:
        """How many documents hold no pod."""
        holding = {id(target.document) for target in self.targets}
        return sum(
            1
            for source in self._sources
            for document in source.documents
            if id(document) not in holding and document.form.value != "blank"
        )

    def inject(self) -> Iterator[Result]:
        """Yield what becomes of each pod."""
        for target in self.targets:
            skipped = _not_selected(target)
            outcome = skipped or self._engine.inject(target.text, target.context)
            yield Result(target, outcome)

    def explain(self, target: Target) -> Explanation:
        """Return every row that matches a pod, and what becomes of it."""
        explanation = self._engine.explain(target.text, target.context)
        skipped = _not_selected(target)
        if skipped is None:
            return explanation
        return msgspec.structs.replace(explanation, outcome=skipped)

    def uninject(self) -> Iterator[tuple[Target, tuple[Stage, ...]]]:
        """Yield the stages that take an injection out of each pod.

        Raises:
            ManifestError: a pod, or the record of its injection, cannot be read.
        """
        for target in self.targets:
            try:
                yield target, self._engine.uninject(target.text)
            except PodRejected as error:
                raise ManifestError(f"{target.where}, {target.label}: {error}") from error

    def texts(
        self, changes: Iterable[tuple[Target, tuple[Stage, ...]]]
    ) -> tuple[list[str], list[str]]:
        """Return each source's new text, and a sentence for each document written anew as a whole.

        Raises:
            ManifestError: a changed document cannot be written.
        """
        edits: dict[int, list[tuple[kinds.Workload, Any]]] = {}
        for target, stages in changes:
            found = edits.setdefault(id(target.document), [])
            found += ((target.workload, stage.edits) for stage in stages)
        texts, notes = [], []
        for source in self._sources:
            parts = []
            for document in source.documents:
                pieces = edits.get(id(document))
                if not pieces:
                    parts.append(document.text)
                    continue
                spliced = splice(document, pieces)
                parts.append(spliced.text)
                if spliced.reason:
                    place = document.inner
                    notes.append(
                        f"{place.source}, document {place.number}: written anew as a whole, "
                        f"without its comments: {spliced.reason}"
                    )
            texts.append("".join(parts))
        return texts, notes

    def _target(self, document: Document, workload: kinds.Workload) -> Target:
        owner = workload.owner
        namespace = owner.namespace or self._namespace
        try:
            text = msgspec.json.encode(workload.pod)
        except (UnicodeEncodeError, OverflowError, RecursionError) as error:
            raise document.inner.error(
                0, f"a value that JSON cannot hold ({error})", "JSON"
            ) from error
        labels = self._labels.get(namespace)
        context = Context(
            namespace=namespace,
            token=self._token or _token(text, f"{owner.kind}/{namespace}/{owner.name}"),
            # A pod's own metadata says more of its owner than the kind of its document.
            workload=None
            if owner.kind == "Pod"
            else OwnerWorkload(owner.api_version, owner.kind, owner.name),
            namespace_labels=labels,
        )
        return Target(document, workload, text, context, self._selection(text, labels))

    def _selection(self, text: bytes, labels: Mapping[str, str] | None) -> Selection | None:
        if labels is None:
            return None
        settings = self._engine.settings
        return select(
            labels,
            _labels_of(text),
            revision=settings.revision,
            is_default=settings.default_revision,
        )


def _not_selected(target: Target) -> Skipped | None:
    """Return the outcome of a pod for which the API server does not call the webhook."""
    if target.selection is None or target.selection.webhook is not None:
        return None
    return Skipped(Match(0, Verdict.SKIP, Reason.NOT_SELECTED, target.selection.why), ())


def denials(results: Iterable[Result]) -> tuple[str, ...]:
    """Return a sentence for each pod that must not be admitted."""
    return tuple(
        f"{result.target.where}, {result.target.label}: {result.outcome.message}"
        for result in results
        if isinstance(result.outcome, Denied)
    )


def changes_of(results: Iterable[Result]) -> list[tuple[Target, tuple[Stage, ...]]]:
    """Return the stages of those that are injected."""
    return [
        (result.target, result.outcome.stages)
        for result in results
        if isinstance(result.outcome, Injected)
    ]


def _labels_of(text: bytes) -> Mapping[str, str | None]:
    try:
        pod: Pod = read(text)
    except PodRejected:
        return {}
    return pod.labels


def _token(text: bytes, owner: str) -> str:
    """Derive a token from the manifest, so that the same input gives the same output.

    Whoever has the manifest can compute it: it keeps others in the network from guessing the paths,
    no more. The webhook's tokens are random.
    """
    return hashlib.sha256(b"pillion token\0" + owner.encode() + b"\0" + text).hexdigest()[:32]
