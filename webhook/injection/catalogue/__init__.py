"""Every annotation and label that decides an injection, one module per concern.

An entry says what is accepted, its default and its effect, and how a text changes the pod's
settings; validation, documentation and `explain` all read it. Nothing else of injection belongs
here: no decision, no edit of a pod.
"""
