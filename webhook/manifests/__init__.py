"""Streams of YAML and JSON documents, read as kubectl reads them and edited as text.

`stream` splits text into documents, `kinds` finds the pod templates in one, `splice` writes edits
of them back into its text. Nothing here decides what to edit, and nothing reads or writes files.
"""
