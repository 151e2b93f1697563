"""What injection makes of a case, as the texts of its files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

import msgspec
from msgspec import Struct

from tests.goldens.cases import DIRECTORY, NAMESPACE, REFERENCE, TOKEN, Case
from webhook.injection import patch
from webhook.injection.apply import decoded
from webhook.injection.engine import Denied, Engine, Injected, Outcome, apply_stages
from webhook.injection.plan import Context
from webhook.injection.record import pointer
from webhook.injection.workload import Workload as OwnerWorkload
from webhook.manifests import kinds
from webhook.manifests.document import Document
from webhook.manifests.splice import splice
from webhook.manifests.stream import documents
from webhook.manifests.value import read_yaml
from webhook.model import names

_ENVOY_DOCUMENT = re.compile(r'^( *- ).*\\?"application_log_config\\?".*$', re.MULTILINE)
_PLACEHOLDER = r"\1(the Envoy document)"


class Result(Struct, frozen=True):
    """A pod of a case, and what became of it."""

    document: Document
    workload: kinds.Workload
    namespace: str
    outcome: Outcome

    @property
    def after(self) -> Any:
        """The pod's JSON value after injection."""
        assert isinstance(self.outcome, Injected)
        return decoded(apply_stages(self.outcome.stages, self.workload.pod))


def results(case: Case) -> tuple[Result, ...]:
    """Put the pods of a case through an engine of its own."""
    engine = Engine(case.settings, read_yaml)
    return tuple(
        _result(engine, case, document, workload)
        for document in documents(case.text, case.path.name)
        for workload in kinds.survey(document, case.settings.extra_kinds).workloads
    )


def files(case: Case) -> dict[str, str]:
    """Return the texts of a case's files, by their suffix."""
    found = results(case)
    made = {".report": "".join(_report(result) for result in found)}
    changed = [r for r in found if isinstance(r.outcome, Injected) and r.outcome.stages]
    if not changed:
        return made
    made[".patch.json"] = _patch(changed)
    made[".golden.yaml"] = _ENVOY_DOCUMENT.sub(_PLACEHOLDER, _manifest(case, changed))
    difference = "".join(_envoy_difference(result) for result in changed)
    return made | ({".envoy.diff": difference} if difference else {})


def envoy_document(pod: Any) -> str:
    """Return the Envoy document of an injected pod, as it stands in the manifest, pretty."""
    arguments = proxy_of(pod)["args"]
    text = arguments[arguments.index("--config-yaml") + 1]
    return json.dumps(json.loads(text), indent=1, ensure_ascii=False) + "\n"


def proxy_of(pod: Any) -> dict[str, Any]:
    """Return the proxy container of an injected pod."""
    spec = pod["spec"]
    containers = [*(spec.get("initContainers") or ()), *spec["containers"]]
    return next(each for each in containers if each["name"] == names.PROXY)


def _result(engine: Engine, case: Case, document: Document, workload: kinds.Workload) -> Result:
    owner = workload.owner
    namespace = owner.namespace or NAMESPACE
    context = Context(
        namespace=namespace,
        token=TOKEN,
        workload=None
        if owner.kind == "Pod"
        else OwnerWorkload(owner.api_version, owner.kind, owner.name),
        namespace_labels=case.namespace_labels,
    )
    outcome = engine.inject(msgspec.json.encode(workload.pod), context)
    return Result(document, workload, namespace, outcome)


def _report(result: Result) -> str:
    outcome, owner = result.outcome, result.workload.owner
    match = outcome.match
    lines = [
        f"{owner.kind} {result.namespace}/{owner.name}: {match.verdict.value}",
        f"reason: {match.reason.value}, row {match.row}: {match.detail}",
    ]
    if isinstance(outcome, Denied):
        lines.append(f"message: {outcome.message}")
    lines += (f"warning: {warning}" for warning in outcome.warnings)
    return "".join(f"{line}\n" for line in lines)


def _patch(changed: list[Result]) -> str:
    """Return the operations, an element a line, with paths from the document's root."""
    steps = [step for result in changed for step in _operations(result)]
    lines = ",\n".join(json.dumps(step, ensure_ascii=False) for step in steps)
    return f"[\n{lines}\n]\n"


def _operations(result: Result) -> Iterator[dict[str, Any]]:
    assert isinstance(result.outcome, Injected)
    start = pointer(tuple(str(part) for part in result.workload.path))
    for step in json.loads(patch.render(result.outcome.stages)):
        yield {**step, "path": start + step["path"]}


def _manifest(case: Case, changed: list[Result]) -> str:
    """Return the case's text after injection."""
    texts = []
    for document in documents(case.text, case.path.name):
        edits = [
            (result.workload, stage.edits)
            for result in changed
            if result.document.start == document.start and result.document.text == document.text
            for stage in (result.outcome.stages if isinstance(result.outcome, Injected) else ())
        ]
        texts.append(splice(document, edits).text if edits else document.text)
    return "".join(texts)


def _envoy_difference(result: Result) -> str:
    reference = (DIRECTORY / REFERENCE).read_text(encoding="utf-8")
    lines = unified_diff(
        reference.splitlines(keepends=True),
        envoy_document(result.after).splitlines(keepends=True),
        REFERENCE,
        result.workload.owner.name or "pod",
        n=2,
    )
    return "".join(lines)
