"""Mounted certificates: swapped whole with `..data`, and kept while the new ones are bad."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving.local_server import new_authority, new_leaf
from webhook.serving.mounted_pair import MountedPair
from webhook.serving.tls import SwappableContext

AUTHORITY = new_authority()


class Mounted:
    """A directory as kubelet mounts a Secret: files are links through `..data`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._version = 0

    def write(self, chain: str, key: str) -> None:
        """Replace both files as kubelet does: a new directory, then one rename."""
        self._version += 1
        version = self.directory / f"..version-{self._version}"
        version.mkdir(parents=True)
        (version / "tls.crt").write_text(chain)
        (version / "tls.key").write_text(key)
        link = self.directory / "..data_tmp"
        link.symlink_to(version.name)
        link.replace(self.directory / "..data")
        for name in ("tls.crt", "tls.key"):
            if not (self.directory / name).is_symlink():
                (self.directory / name).symlink_to(f"..data/{name}")


class Scene:
    """A mounted directory, what reads it, and what came of it."""

    def __init__(self, directory: Path) -> None:
        self.mounted = Mounted(directory)
        self.served: list[str] = []
        leaf = new_leaf(AUTHORITY)
        self.pair = MountedPair(
            directory, SwappableContext(leaf.chain, leaf.key).swap, self.served.append
        )

    def state(self) -> tuple[str | None, str | None]:
        """Return what is served, and why not something newer."""
        return self.pair.chain, self.pair.failure

    def step(self, times: int = 3) -> None:
        """Look that often."""
        for _ in range(times):
            self.pair.step()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Return a directory with a good pair, taken into use."""
    scene = Scene(tmp_path / "mounted")
    leaf = new_leaf(AUTHORITY)
    scene.mounted.write(leaf.chain, leaf.key)
    scene.step()
    assert scene.pair.failure is None
    return scene


def test_renewed_pair_is_served_once(scene: Scene) -> None:
    """After the swap of `..data` the new chain is served, and only told once."""
    leaf = new_leaf(AUTHORITY)
    scene.mounted.write(leaf.chain, leaf.key)
    scene.step(10)
    assert scene.served[1:] == [leaf.chain]
    assert scene.state() == (leaf.chain, None)


@pytest.mark.parametrize("damage", ["mismatch", "half", "no-key", "rubbish", "not-text"])
def test_bad_pair_is_named_and_the_good_one_kept(scene: Scene, damage: str) -> None:
    """What cannot be served changes nothing but the failure, until a good pair comes."""
    before = scene.pair.chain
    one, two = new_leaf(AUTHORITY), new_leaf(AUTHORITY)
    chain, key = {
        "mismatch": (one.chain, two.key),
        "half": (one.chain[: len(one.chain) // 2], one.key),
        "no-key": (one.chain, ""),
        "rubbish": ("rubbish", "rubbish"),
        "not-text": ("\N{SNOWMAN}", one.key),
    }[damage]
    scene.mounted.write(chain, key)
    scene.step()
    assert scene.pair.chain == before
    assert scene.pair.failure
    assert "PRIVATE KEY" not in scene.pair.failure
    scene.mounted.write(one.chain, one.key)
    scene.step()
    assert scene.state() == (one.chain, None)


def test_removed_files_are_named(scene: Scene) -> None:
    """A file that is gone is named, and the pair in memory goes on."""
    (scene.mounted.directory / "tls.key").unlink()
    scene.step()
    assert scene.pair.failure is not None
    assert scene.pair.failure.endswith("tls.key: no such file or directory")
    assert scene.pair.chain is not None


def test_pair_may_come_late(tmp_path: Path) -> None:
    """Files that are not there at the start are waited for."""
    scene = Scene(tmp_path / "later")
    scene.step()
    assert scene.pair.chain is None
    assert scene.pair.failure is not None
    leaf = new_leaf(AUTHORITY)
    scene.mounted.write(leaf.chain, leaf.key)
    scene.step()
    assert scene.state() == (leaf.chain, None)
