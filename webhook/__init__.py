"""Pillion: puts a stock Envoy beside every application container and points it at Istio's Pilot.

Data flows one way: a review or a manifest is decided on (`injection.decision`), planned as edits
(`injection.plan`) and rendered as a JSON Patch (`injection.patch`) or spliced into the text it came
from (`manifests.splice`).

Packages, lowest first; each may import those before it:

- `model` values and names; imports nothing of ours
- `bootstrap` settings and pod facts to the Envoy document
- `injection` the engine: decide, plan, undo, render
- `manifests` streams of YAML and JSON documents, read and edited as text
- `admission` AdmissionReview in, AdmissionReview out
- `configuration` the configuration file to settings, with every mistake
- `pki`, `cluster` certificates; the API server
- `serving`, `operate` the webhook's HTTP side; what looks at a live cluster
- `app`, `cli` where everything is put together
"""

__version__ = "0.1.0"
