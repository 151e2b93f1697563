"""Named inputs, one fact each, and exactly what injection makes of them.

`injection/<case>.input.yaml` is an ordinary manifest whose first comment states the fact; a line
`# namespace-labels: key=value,…` tells the labels of its namespace, and `<case>.settings.yaml` is a
configuration file. The other files of a case are written by `python -m tests.goldens --update`:

* `<case>.report`: decision, reason and warnings of each pod;
* `<case>.golden.yaml`: the manifest after injection, without the Envoy document;
* `<case>.envoy.diff`: how the Envoy document differs from `reference.envoy.json`;
* `<case>.patch.json`: the JSON Patch of the manifest, an operation a line, nothing left out.
"""
