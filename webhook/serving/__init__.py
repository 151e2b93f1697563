"""The webhook's HTTP side: connections, guards, routes, metrics, readiness, shutdown.

No decision on a pod is made here, and nothing here waits for a network while it answers.
"""
