"""Writes a file system and its settings as an OCI archive, the same bytes for the same files."""

import hashlib
import json
import platform
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Self

from tests.images.containerfile import Settings
from tests.images.times import EPOCH, walk

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_OCI = "application/vnd.oci.image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Where a blob's content is, and how a manifest refers to it."""

    kind: str
    digest: str
    size: int
    content: bytes | Path

    @classmethod
    def of(cls, kind: str, content: bytes) -> Self:
        """Return the blob of that content."""
        digest = hashlib.sha256(content).hexdigest()
        return cls(kind=f"{_OCI}.{kind}", digest=digest, size=len(content), content=content)

    def descriptor(self, **more: object) -> dict[str, object]:
        """Return the OCI content descriptor."""
        known = {"mediaType": self.kind, "digest": f"sha256:{self.digest}", "size": self.size}
        return {**known, **more}


def write_archive(
    root: Path, settings: Settings, reference: str, target: Path, scratch: Path
) -> str:
    """Write the archive to `target`; return the manifest's digest, `sha256:…`.

    Args:
        root: the file system; the folder itself is not in the image, what it holds is.
        settings: what a container starts with.
        reference: the name under which containerd keeps the image.
        target: the archive.
        scratch: a folder for the layer on its way.
    """
    layer = _write_layer(root, scratch / "layer.tar")
    configuration = Blob.of("config.v1+json", _json(_configuration(settings, layer)))
    manifest = Blob.of("manifest.v1+json", _json(_manifest(configuration, layer)))
    names = {
        "io.containerd.image.name": reference,
        "org.opencontainers.image.ref.name": reference.rpartition(":")[2],
    }
    index = {"schemaVersion": 2, "manifests": [manifest.descriptor(annotations=names)]}
    with target.open("wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
        _add(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(archive, "index.json", _json(index))
        for blob in (manifest, configuration, layer):
            _add(archive, f"blobs/sha256/{blob.digest}", blob.content)
    return f"sha256:{manifest.digest}"


def _configuration(settings: Settings, layer: Blob) -> Mapping[str, Any]:
    machine = platform.machine()
    environment = {"PATH": _PATH, **dict(settings.environment)}
    chosen = {
        "User": settings.user,
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "Entrypoint": list(settings.entrypoint),
        "Cmd": list(settings.command),
        "WorkingDir": settings.folder,
        "ExposedPorts": {port: {} for port in settings.ports},
        "Labels": dict(settings.labels),
    }
    return {
        "created": datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "architecture": _ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": {name: value for name, value in chosen.items() if value},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.digest}"]},
    }


def _manifest(configuration: Blob, layer: Blob) -> Mapping[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "config": configuration.descriptor(),
        "layers": [layer.descriptor()],
    }


def _write_layer(root: Path, target: Path) -> Blob:
    with tarfile.open(target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in walk(root):
            if path != root:
                _add_path(archive, path, str(path.relative_to(root)))
    with target.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    kind = f"{_OCI}.layer.v1.tar"
    return Blob(kind=kind, digest=digest, size=target.stat().st_size, content=target)


def _add_path(archive: tarfile.TarFile, path: Path, name: str) -> None:
    entry = archive.gettarinfo(path, name)
    entry.uname = entry.gname = ""
    entry.mtime = int(entry.mtime)
    if not entry.isreg():
        archive.addfile(entry)
        return
    with path.open("rb") as content:
        archive.addfile(entry, content)


def _add(archive: tarfile.TarFile, name: str, content: bytes | Path) -> None:
    entry = tarfile.TarInfo(name)
    entry.mtime = EPOCH
    if isinstance(content, bytes):
        entry.size = len(content)
        archive.addfile(entry, BytesIO(content))
    else:
        entry.size = content.stat().st_size
        with content.open("rb") as file:
            archive.addfile(entry, file)


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
