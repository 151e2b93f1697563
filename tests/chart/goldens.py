"""The chart's goldens: what Helm renders for each preset and for the values that no preset sets.

`python -m tests.chart.goldens` writes tests/goldens/chart, `--check` says what is out of date.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from tests.chart.generate import ROOT
from tests.chart.rendering import PRESETS, Rendering, render

DIRECTORY: Final = ROOT / "tests" / "goldens" / "chart"

OTHERS: Final = {
    "default": Rendering(),
    "bare-cluster": Rendering(extensions=()),
    "default-revision-with-tags": Rendering(
        values="""
            revisionTags: [stable, canary]
            configuration: {revision: pillion-1-0, defaultRevision: true}
            capabilityPolicy: {enabled: true}
        """,
    ),
    "cert-manager": Rendering(values="certificates: {mode: cert-manager}"),
    "cert-manager-issuer": Rendering(
        values="""
            certificates:
              mode: cert-manager
              certManager: {issuerRef: {kind: ClusterIssuer, name: company}}
        """,
    ),
    "provided": Rendering(
        values="certificates: {mode: provided, secretName: serving, caBundle: Y2VydGlmaWNhdGU=}",
    ),
    "everything-said": Rendering(
        release="mesh",
        values="""
            nameOverride: sidecars
            commonLabels: {team: platform}
            image: {registry: registry.example, tag: 1.2.3, pullPolicy: Always}
            imagePullSecrets: [{name: registry}]
            priorityClassName: urgent
            nodeSelector: {pool: system}
            tolerations: [{key: system, operator: Exists}]
            affinity: {nodeAffinity: {}}
            podAnnotations: {note: pod}
            podLabels: {extra: pod}
            serviceAccount: {create: false, name: existing}
            server: {extraArgs: [--settle-seconds=60], extraEnv: [{name: TZ, value: UTC}]}
            webhook: {failurePolicy: Ignore, annotations: {note: webhook}}
            networkPolicy:
              apiServerPorts: [16443]
              metricsFrom: [{podSelector: {matchLabels: {app: prometheus}}}]
            metrics:
              prometheusRule: {enabled: true, runbookPrefix: /runbooks/, labels: {release: p}}
            capabilityPolicy: {enabled: true, validationActions: [Warn, Audit], images: [old:1]}
            istio: {rootNamespace: mesh-root}
            extraObjects: [{apiVersion: v1, kind: ConfigMap, metadata: {name: more}}]
            configuration:
              redirect: {backend: legacy, image: init:2}
              proxy: {clusterDomain: example.internal}
              pilot: {tokenExpirationSeconds: 4294967296}
        """,
    ),
}


def cases() -> dict[str, Rendering]:
    """Return every rendering by its golden's name."""
    presets = {path.stem: Rendering(preset=path.stem) for path in sorted(PRESETS.glob("*.yaml"))}
    return {**{f"preset-{name}": each for name, each in presets.items()}, **OTHERS}


def text(rendering: Rendering) -> str:
    """Return the manifests as a golden holds them, in the order of their templates.

    The two majors of Helm differ in the order of some kinds and in empty lines between objects.
    """
    manifests = re.split(r"(?m)^---\n", render(rendering))
    return "".join(f"---\n{each.rstrip()}\n" for each in sorted(manifests) if each.strip())


def path(name: str) -> Path:
    """Return the golden's file."""
    return DIRECTORY / f"{name}.golden.yaml"


def strays() -> tuple[str, ...]:
    """Return files that belong to no case."""
    known = {path(name) for name in cases()}
    return tuple(sorted(each.name for each in DIRECTORY.iterdir() if each not in known))


def main(argv: list[str]) -> int:
    """Write the goldens, or with `--check` name those that are out of date; 0 or 1."""
    stale = 0
    for name, rendering in cases().items():
        golden, rendered = path(name), text(rendering)
        if golden.exists() and golden.read_text(encoding="utf-8") == rendered:
            continue
        stale = 1
        if argv == ["--check"]:
            print(f"{golden.relative_to(ROOT)}: out of date", file=sys.stderr)
            continue
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(rendered, encoding="utf-8")
        print(f"wrote {golden.relative_to(ROOT)}")
    for name in strays():
        print(f"{name}: belongs to no case", file=sys.stderr)
    return stale if argv == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
