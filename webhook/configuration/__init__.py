"""The configuration file: read into `model.settings`, with every mistake named at once.

Knows files' texts, not files: reading from a disk or a ConfigMap belongs to the edges. What the
settings do to a pod belongs to `injection`.
"""
