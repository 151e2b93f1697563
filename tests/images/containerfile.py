"""Reads a Containerfile into stages, each a base and the steps that follow it."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.images.errors import ContainerfileError


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A shell command, run in the stage as root.

    Attributes:
        command: the words after RUN and its options, for `sh -c`.
        caches: folders that outlive the build and are no part of the image.
        environment: the ENV and ARG values in force, ARG ones first.
    """

    command: str
    caches: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Files from the context (`stage` is None), a named context, or an earlier stage."""

    sources: tuple[str, ...]
    target: str
    stage: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a container of the image starts with, in the words of the OCI image configuration."""

    environment: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    folder: str = ""
    ports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One FROM and what follows it; `name` is its number when the file gives none."""

    name: str
    base: str
    steps: tuple[Run | Copy, ...]
    settings: Settings


_CACHE = re.compile(r"^--mount=type=cache,target=(?P<target>/\S+)\s+")
_FROM_OPTION = re.compile(r"^--from=(?P<stage>\S+)$")
_VARIABLE = re.compile(r"\$\{(?P<braced>\w+)\}|\$(?P<bare>\w+)")


def read_containerfile(path: Path) -> tuple[Stage, ...]:
    """Return the stages of the file, in order; the image is the last one.

    Raises:
        ContainerfileError: an instruction or an option is none of those that are understood.
    """
    reading = _Reading(path)
    for line, text in _instructions(path.read_text()):
        reading.take(line, text)
    return reading.stages()


def _instructions(text: str) -> Iterable[tuple[int, str]]:
    """Yield the number of the first line and the text of each instruction, lines joined."""
    pending, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        start = start if pending else number
        pending += line.rstrip().removesuffix("\\")
        if not line.rstrip().endswith("\\"):
            yield start, pending.strip()
            pending = ""


class _Reading:
    """The state of reading one file: variables so far, and the stage that is being filled."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._defaults: dict[str, str] = {}
        self._stages: list[Stage] = []
        self._base: tuple[str, str] | None = None
        self._begin()

    def _begin(self) -> None:
        self._steps: list[Run | Copy] = []
        self._arguments: dict[str, str] = {}
        self._environment: dict[str, str] = {}
        self._labels: dict[str, str] = {}
        self._ports: list[str] = []
        self._words = {"USER": "", "WORKDIR": ""}
        self._commands: dict[str, tuple[str, ...]] = {"ENTRYPOINT": (), "CMD": ()}

    def stages(self) -> tuple[Stage, ...]:
        """Return what was read; the file is at its end."""
        self._end()
        return tuple(self._stages)

    def _end(self) -> None:
        if self._base is None:
            return
        name, base = self._base
        settings = Settings(
            environment=tuple(self._environment.items()),
            labels=tuple(self._labels.items()),
            user=self._words["USER"],
            entrypoint=self._commands["ENTRYPOINT"],
            command=self._commands["CMD"],
            folder=self._words["WORKDIR"],
            ports=tuple(self._ports),
        )
        stage = Stage(name=name, base=base, steps=tuple(self._steps), settings=settings)
        self._stages.append(stage)
        self._begin()

    def take(self, line: int, text: str) -> None:
        """Take in one instruction."""
        word, _, rest = text.partition(" ")
        known = {
            "FROM": self._from, "ARG": self._arg, "RUN": self._run, "COPY": self._copy,
            "ENV": self._env, "LABEL": self._label, "EXPOSE": self._expose,
        }  # fmt: skip
        if word in known:
            known[word](rest.strip())
        elif word in self._words:
            self._words[word] = self._substituted(rest.strip())
        elif word in self._commands:
            self._commands[word] = tuple(json.loads(rest))
        else:
            raise ContainerfileError(
                f'{self._path}, line {line}: got "{word}", expected one of '
                f"{', '.join(sorted([*known, *self._words, *self._commands]))}"
            )

    def _from(self, rest: str) -> None:
        self._end()
        base, _, name = self._substituted(rest).partition(" AS ")
        if base in {stage.name for stage in self._stages}:
            raise ContainerfileError(f'{self._path}: FROM names "{base}", an earlier stage')
        self._base = (name or str(len(self._stages)), base)

    def _arg(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        values = self._defaults if self._base is None else self._arguments
        values[name] = self._substituted(value) or self._defaults.get(name, "")

    def _run(self, rest: str) -> None:
        caches = []
        while (cache := _CACHE.match(rest)) is not None:
            caches.append(cache["target"])
            rest = rest[cache.end() :]
        self._refuse_options(rest.split()[:1])
        environment = tuple({**self._arguments, **self._environment}.items())
        self._steps.append(Run(command=rest, caches=tuple(caches), environment=environment))

    def _copy(self, rest: str) -> None:
        words = shlex.split(self._substituted(rest))
        stage = None
        if (option := _FROM_OPTION.match(words[0])) is not None:
            stage, words = option["stage"], words[1:]
        self._refuse_options(words)
        self._steps.append(Copy(sources=tuple(words[:-1]), target=words[-1], stage=stage))

    def _refuse_options(self, words: Iterable[str]) -> None:
        for word in words:
            if word.startswith("--"):
                raise ContainerfileError(f'{self._path}: option "{word}" is not understood here')

    def _env(self, rest: str) -> None:
        self._environment |= _pairs(self._substituted(rest))

    def _label(self, rest: str) -> None:
        self._labels |= _pairs(self._substituted(rest))

    def _expose(self, rest: str) -> None:
        self._ports += [port if "/" in port else f"{port}/tcp" for port in rest.split()]

    def _substituted(self, text: str) -> str:
        values: Mapping[str, str] = (
            self._defaults if self._base is None else {**self._arguments, **self._environment}
        )
        # A base may name only what stands before the first FROM.
        values = {**self._defaults, **values}
        return _VARIABLE.sub(lambda m: values.get(m["braced"] or m["bare"], ""), text)


def _pairs(text: str) -> dict[str, str]:
    """Return the `name=value` words of an instruction, without their quotes."""
    return {name: value for name, _, value in (each.partition("=") for each in shlex.split(text))}
