"""Manifests: streams, reading as kubectl does, splicing."""
