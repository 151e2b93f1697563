"""Carries out the stages of a Containerfile, each in a folder of its own."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.images.bases import EMPTY, base_key, base_mounts
from tests.images.cache import Cache
from tests.images.chroot import run_in
from tests.images.containerfile import Copy, Run, Stage
from tests.images.context import Context, put
from tests.images.errors import ImageError
from tests.images.times import EPOCH, settle_times

OWN_CONTEXT = ""
"""The key, among the contexts, of the one that COPY without `--from` takes from."""


_BUILDER = "1"
"""Counts the changes of this package after which the same Containerfile gives other files."""


def stage_keys(stages: Iterable[Stage], contexts: Mapping[str, Context]) -> dict[str, str]:
    """Return, for each stage, a digest of everything that its content depends on."""
    keys: dict[str, str] = {}
    for stage in stages:
        parts = [_BUILDER, base_key(stage.base), repr(stage.steps)]
        for step in stage.steps:
            if isinstance(step, Copy):
                parts += _copied_keys(step, keys, contexts)
        keys[stage.name] = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
    return keys


def _copied_keys(
    step: Copy, keys: Mapping[str, str], contexts: Mapping[str, Context]
) -> Iterable[str]:
    if step.stage is not None and step.stage in keys:
        return [keys[step.stage]]
    context = _context(step, contexts)
    names = [name for source in step.sources for name in context.names(source)]
    return [f"{name} {context.key(name)}" for name in names]


def _context(step: Copy, contexts: Mapping[str, Context]) -> Context:
    name = step.stage or OWN_CONTEXT
    if name not in contexts:
        raise ImageError(f'COPY --from: got "{name}", expected an earlier stage or a context')
    return contexts[name]


def assemble(
    stages: Iterable[Stage], contexts: Mapping[str, Context], cache: Cache
) -> Mapping[str, Path]:
    """Carry out all stages that the cache lacks; return the folder of each.

    Raises:
        ImageError: a step failed; nothing of its stage stays in the cache.
    """
    stages = tuple(stages)
    keys = stage_keys(stages, contexts)
    folders: dict[str, Path] = {}
    for stage in stages:
        assembly = _StageAssembly(stage, folders, contexts, cache)
        folders[stage.name] = cache.folder(f"stage-{keys[stage.name]}", assembly.carry_out)
    return folders


class _StageAssembly:
    """One stage being carried out, with the folders of those before it."""

    def __init__(
        self,
        stage: Stage,
        folders: Mapping[str, Path],
        contexts: Mapping[str, Context],
        cache: Cache,
    ) -> None:
        self._stage = stage
        self._folders = dict(folders)
        self._contexts = contexts
        self._cache = cache

    def carry_out(self, root: Path) -> None:
        """Fill the empty folder `root`."""
        base = self._stage.base
        if base != EMPTY:
            _clone(self._cache.base(base), root)
        root.chmod(0o755)
        with settle_times(root):
            for step in self._stage.steps:
                if isinstance(step, Run):
                    self._run(root, step)
                else:
                    self._copy(root, step)

    def _run(self, root: Path, step: Run) -> None:
        caches = {place: self._cache.lasting(place) for place in step.caches}
        run_in(
            root,
            step.command,
            environment={"SOURCE_DATE_EPOCH": str(EPOCH), **dict(step.environment)},
            mounts={**base_mounts(self._stage.base), **caches},
        )

    def _copy(self, root: Path, step: Copy) -> None:
        target = root / step.target.lstrip("/")
        into = step.target.endswith("/") or len(step.sources) > 1
        for source in step.sources:
            if step.stage is not None and step.stage in self._folders:
                _copy_from_stage(self._folders[step.stage], source, target, into=into)
                continue
            context = _context(step, self._contexts)
            for name in context.names(source):
                put(context.place(name), target, into=into)


def _copy_from_stage(folder: Path, pattern: str, target: Path, *, into: bool) -> None:
    found = sorted(folder.glob(pattern.lstrip("/"))) if pattern != "/" else [folder]
    if not found:
        raise ImageError(f'COPY: got "{pattern}", which is not in the stage')
    for source in found:
        if source.is_dir():
            _clone(source, target)
        else:
            path = target / source.name if into else target
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, path, follow_symlinks=False)
            shutil.chown(path, 0, 0)


def _clone(source: Path, target: Path) -> None:
    """Copy a folder's content with owners, modes, times, hard links and devices."""
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True, timeout=600)
