"""What a live cluster is asked by the people who run it: is every pod as it should be, and why.

Reads only, through `webhook.cluster`'s client. What a pod *should* be is decided by the same gates
as everywhere; nothing here decides, and nothing here writes.
"""
