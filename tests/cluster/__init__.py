"""A whole Kubernetes cluster for tests and for people, in namespaces of its own.

etcd, kube-apiserver, controllers, scheduler, kubelet, containerd, kube-proxy and CoreDNS; then
Istio's Pilot and Pillion, installed as a user would. `scripts/cluster` is for work by hand, and
the fixtures in `conftest.py` for tests. A control plane without a node is `tests/apiserver`.

Each node lives in a network, a mount and a process namespace (`sandbox`): when the first process
of a node ends, the kernel ends all others and takes mounts and links away. Only control groups
and files remain, which carry the cluster's name and are removed by it. A second node is a sandbox
inside the first one's, so that it ends with it.
"""
