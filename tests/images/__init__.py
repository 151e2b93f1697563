"""Builds the project's images without a registry and without a container engine, for tests.

An image is what its Containerfile says: the same file that people give to Podman or Docker is
read and carried out here, in a root file system that mmdebstrap makes. What a Containerfile may
hold is what ours need; anything else is refused by name. The result is an OCI archive that
containerd imports; the same inputs give the same bytes.
"""
