"""A real etcd and kube-apiserver for tests, in a network namespace of their own.

No kubelet, no containers and nothing of ours: what is tested against the API server is in the
`test_*` files, and a whole node belongs to the cluster level.
"""
