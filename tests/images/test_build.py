"""Images are what their Containerfiles say, the same bytes each time, and list what they hold."""

import json
import os
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from tests.images.archive import write_archive
from tests.images.build import build, built_image, reference
from tests.images.cache import Cache, cache_directory
from tests.images.containerfile import Settings, read_containerfile
from tests.images.recipes import CHECKOUT, RECIPES

pytestmark = pytest.mark.cluster  # needs root and mmdebstrap, and most images are needed there


def _member(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as opened:
        content = opened.extractfile(name)
        assert content is not None
        return content.read()


def _blob(archive: Path, descriptor: dict[str, Any]) -> bytes:
    return _member(archive, f"blobs/sha256/{descriptor['digest'].removeprefix('sha256:')}")


def _manifest(archive: Path) -> dict[str, Any]:
    (found,) = json.loads(_member(archive, "index.json"))["manifests"]
    manifest: dict[str, Any] = json.loads(_blob(archive, found))
    return manifest


def _unpacked(name: str, folder: Path) -> Path:
    """Unpack an image's only layer."""
    archive = build(name)
    (layer,) = _manifest(archive)["layers"]
    path = folder / "layer.tar"
    path.write_bytes(_blob(archive, layer))
    root = folder / name
    root.mkdir()
    subprocess.run(["tar", "-xf", str(path), "-C", str(root)], check=True, timeout=120)
    path.unlink()
    return root


@pytest.mark.parametrize("name", ["webhook", "init", "shop"])
def test_settings_are_the_containerfiles(name: str) -> None:
    """User, entry point and labels in the archive are those that the file says to engines."""
    archive = build(name)
    (found,) = json.loads(_member(archive, "index.json"))["manifests"]
    assert found["annotations"]["io.containerd.image.name"] == reference(name)
    configuration = json.loads(_blob(archive, _manifest(archive)["config"]))["config"]
    settings = read_containerfile(RECIPES[name].containerfile)[-1].settings
    assert configuration["User"] == settings.user
    assert tuple(configuration["Entrypoint"]) == settings.entrypoint
    assert tuple(configuration.get("Cmd", ())) == settings.command
    assert configuration["Labels"] == dict(settings.labels)


def test_image_is_the_same_when_built_again(tmp_path: Path) -> None:
    """A second build, which shares nothing but the base with the first, has the same digest."""
    known = built_image("init")
    cache = Cache(tmp_path)
    shared = next(cache_directory().glob("base-*"))
    (tmp_path / shared.name).symlink_to(shared)
    assert built_image("init", cache).digest == known.digest


def test_archive_does_not_depend_on_order_or_time(tmp_path: Path) -> None:
    """The same files, made in another order, give the same bytes; another mode gives others."""
    digests = []
    for names, mode in (("ab", 0o644), ("ba", 0o644), ("ab", 0o600)):
        root = tmp_path / f"{names}{mode}"
        root.mkdir()
        for name in names:
            (root / name).write_text(name)
            (root / name).chmod(mode)
            os.utime(root / name, (1, 1))
        target = tmp_path / "image.tar"
        digests.append(write_archive(root, Settings(), "docker.io/local/x:test", target, tmp_path))
    assert digests[0] == digests[1] != digests[2]


def test_webhook_image_runs_and_holds_only_what_is_locked(tmp_path: Path) -> None:
    """The command line starts in the image as its user, with the locked packages and no others."""
    root = _unpacked("webhook", tmp_path)
    said = _run(root, "pillion", "--version")
    assert said.startswith("pillion ")
    assert "serve" in _run(root, "pillion", "--help")
    document = json.loads(built_image("webhook").materials.read_text())
    urls = {
        reference["referenceLocator"]
        for package in document["packages"]
        for reference in package.get("externalRefs", ())
    }
    found = {url for url in urls if url.startswith("pkg:pypi/pillion@") is False}
    python = {url.removeprefix("pkg:pypi/") for url in found if url.startswith("pkg:pypi/")}
    locked = {
        line.split()[0].replace("==", "@").replace("_", "-").lower()
        for line in (CHECKOUT / "requirements" / "runtime.txt").read_text().splitlines()
        if line and line[0].isalnum()
    }
    assert python == {each.partition("[")[0] if "[" in each else each for each in locked}
    assert any(url.startswith("pkg:deb/debian/libc6@") for url in urls)
    writable = _run(root, "find", "/opt", "/usr/lib", "-xdev", "-writable", "-not", "-type", "l")
    assert writable == ""


def test_init_image_has_its_backends(tmp_path: Path) -> None:
    """The init program starts in its image and finds nft and iptables there."""
    root = _unpacked("init", tmp_path)
    assert "apply" in _run(root, "/usr/local/bin/pillion-init", "--help")
    for program in ("nft", "iptables-nft-restore", "iptables-legacy-restore"):
        assert _run(root, "sh", "-c", f"command -v {program}")


def test_cached_image_is_found_at_once() -> None:
    """Asking for an image again builds nothing: the archive's inode stays."""
    before = build("pause").stat()
    started = time.monotonic()
    after = build("pause").stat()
    print(f"\ncached: {time.monotonic() - started:.3f} s")
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def _run(root: Path, *command: str) -> str:
    """Run a program in an unpacked image as the image's user would be, without network."""
    path = "/opt/pillion/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    done = subprocess.run(
        [
            *("unshare", "--net", "chroot", "--userspec=65532:65532", str(root)),
            *("/usr/bin/env", "-i", f"PATH={path}", "LANG=C.UTF-8", *command),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
