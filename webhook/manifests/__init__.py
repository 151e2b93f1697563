"""Streams of YAML and JSON documents: read as kubectl reads them, edited as text. Opens no file."""
