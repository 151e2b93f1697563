"""Configurations under which the laws hold, each with an engine."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st
from msgspec import Struct

from tests.core.injection.sample import CONTEXT
from webhook.configuration.reader import read
from webhook.injection.apply import decoded
from webhook.injection.engine import Engine, Injected, apply_stages
from webhook.injection.plan import Context
from webhook.manifests.value import read_yaml

CONFIGURATIONS = {
    "default": "{}",
    "classic": "proxy: {native: false}",
    "cni": "redirect: {mode: cni}",
    "cni-classic": "redirect: {mode: cni}\nproxy: {native: false}",
    "no-redirect": "redirect: {mode: none}",
    "plaintext": "pilot: {connection: plaintext}",
    "unrestricted": "proxy: {overlay: unrestricted}",
    "warn": "onInvalidAnnotation: warn",
    "network-and-secrets": (
        "pilot: {network: east}\nproxy: {imagePullSecrets: [registry, mirror], imagePullPolicy: "
        "Always}"
    ),
    "overlays": """
overlays:
- name: proxy
  target: proxy
  patch: {env: [{name: TEAM, value: ""}], lifecycle: null}
- name: init
  target: init
  patch: {resources: {limits: {cpu: 0.5}}}
- name: pod
  target: pod
  patch:
    metadata: {labels: {team: platform}, annotations: {a/b: c}}
    spec:
      dnsPolicy: null
      futureMember: null
      terminationGracePeriodSeconds: 60
      priorityClassName: mesh
      securityContext: {fsGroup: 7}
      volumes: [{name: shared, emptyDir: {}}, {name: data, $patch: delete}]
      initContainers: [{name: first, image: registry.example/first:1}]
      imagePullSecrets: [{name: more}]
""",
}
ENGINES = {name: Engine(read(text, name), read_yaml) for name, text in CONFIGURATIONS.items()}


class Configuration(Struct, frozen=True):
    """A configuration by its name, and its engine."""

    name: str

    @property
    def engine(self) -> Engine:
        """The engine, which keeps what it prepared from one example to the next."""
        return ENGINES[self.name]


engines = st.sampled_from([Configuration(name) for name in ENGINES])


def text(value: Any) -> bytes:
    """Return a JSON value as the API server would send it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def accepted(by: Configuration, pod: Any, context: Context = CONTEXT) -> Injected:
    """Return the injection of a pod; pods that are not injected are no examples."""
    outcome = by.engine.inject(text(pod), context)
    assume(isinstance(outcome, Injected))
    assert isinstance(outcome, Injected)
    return outcome


def after(by: Configuration, pod: Any, context: Context = CONTEXT) -> Any:
    """Return the JSON value of a pod after injection."""
    return decoded(apply_stages(accepted(by, pod, context).stages, pod))


def without(by: Configuration, pod: Any) -> Any:
    """Return the JSON value of a pod after an injection of ours is taken out."""
    return decoded(apply_stages(by.engine.uninject(text(pod)), pod))
