"""Builds an image, or finds the one that the same inputs gave before."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.images.archive import write_archive
from tests.images.assembly import assemble, stage_keys
from tests.images.bill_of_materials import materials, spdx_document
from tests.images.cache import Cache, cache_directory
from tests.images.containerfile import Stage, read_containerfile
from tests.images.context import Context
from tests.images.recipes import RECIPES

IMAGES = frozenset(RECIPES)
"""The names of all images."""

_FORMAT = "1"
"""Counts the changes of how an archive or its list of materials is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A built image.

    Attributes:
        archive: an OCI archive, for `ctr images import`.
        materials: an SPDX document in JSON.
        digest: the manifest's, `sha256:…`.
        size: of all files in it, in bytes.
    """

    archive: Path
    materials: Path
    digest: str
    size: int


def reference(name: str) -> str:
    """Return the full name under which containerd keeps the image."""
    return f"docker.io/local/pillion-{name}:test"


def build(name: str) -> Path:
    """Return the OCI archive of an image, building it when its inputs are new.

    Needs root for a build, and nothing for one that is cached.

    Raises:
        ImageError: a step of the build failed.
        ToolError: a program that the image holds cannot be built.
    """
    return built_image(name).archive


def built_image(name: str, cache: Cache | None = None) -> Image:
    """Return the image with what is known of it; otherwise like `build`.

    Args:
        name: one of IMAGES.
        cache: where results are kept; the one of all checkouts by default.
    """
    cache = cache or Cache(cache_directory())
    recipe = RECIPES[name]
    stages = read_containerfile(recipe.containerfile)
    contexts = recipe.contexts()
    key = _image_key(name, stages, contexts)

    def make(folder: Path) -> None:
        root = assemble(stages, contexts, cache)[stages[-1].name]
        _write(name, stages[-1], root, folder)

    return _read(name, cache.folder(f"image-{name}-{key}", make))


def _image_key(name: str, stages: tuple[Stage, ...], contexts: Mapping[str, Context]) -> str:
    last = stages[-1]
    parts = [_FORMAT, name, stage_keys(stages, contexts)[last.name], repr(last.settings)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _write(name: str, stage: Stage, root: Path, folder: Path) -> None:
    layer = folder / "layer"
    layer.mkdir()
    digest = write_archive(root, stage.settings, reference(name), folder / f"{name}.tar", layer)
    (layer / "layer.tar").unlink()
    layer.rmdir()
    document = spdx_document(f"pillion-{name}", digest, materials(root))
    (folder / f"{name}.spdx.json").write_text(json.dumps(document, indent=1))
    facts = {"digest": digest, "size": (folder / f"{name}.tar").stat().st_size}
    (folder / "facts.json").write_text(json.dumps(facts))


def _read(name: str, folder: Path) -> Image:
    facts = json.loads((folder / "facts.json").read_text())
    return Image(
        archive=folder / f"{name}.tar",
        materials=folder / f"{name}.spdx.json",
        digest=facts["digest"],
        size=facts["size"],
    )
