"""The API server, through the official client: the only package that imports it.

What is read and written here is values; whoever decides on them does not know Kubernetes' client.
Everything blocks, and so runs in threads beside the server's loop.
"""
