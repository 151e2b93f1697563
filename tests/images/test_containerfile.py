"""A Containerfile is read as container engines read it, and what is not understood is refused."""

from pathlib import Path

import pytest

from tests.images.build import IMAGES
from tests.images.containerfile import Copy, Run, Settings, read_containerfile
from tests.images.errors import ContainerfileError
from tests.images.recipes import RECIPES

TEXT = """\
# A comment.
ARG BASE=debian:12-slim
FROM ${BASE} AS first
ENV MODE=fast
RUN --mount=type=cache,target=/root/.cache/pip \\
    # said in the middle
    make one \\
 && make two
FROM scratch
COPY --from=first /out/*.so /lib/
COPY a b/c /srv/
ENV PATH=/opt/bin:/bin KIND="two words"
USER 65532:65532
LABEL org.opencontainers.image.title="it"
EXPOSE 8080 53/udp
ENTRYPOINT ["/it"]
CMD ["serve", "--all"]
"""


@pytest.fixture
def containerfile(tmp_path: Path) -> Path:
    """Return a file with every instruction that is understood."""
    path = tmp_path / "Containerfile"
    path.write_text(TEXT)
    return path


def test_stages_steps_and_settings_are_read(containerfile: Path) -> None:
    """Lines are joined, comments dropped, variables put in, and settings are the last stage's."""
    first, last = read_containerfile(containerfile)
    assert (first.name, first.base) == ("first", "debian:12-slim")
    assert first.steps == (
        Run(
            command="make one  && make two",
            caches=("/root/.cache/pip",),
            environment=(("MODE", "fast"),),
        ),
    )
    assert (last.name, last.base) == ("1", "scratch")
    assert last.steps == (
        Copy(sources=("/out/*.so",), target="/lib/", stage="first"),
        Copy(sources=("a", "b/c"), target="/srv/", stage=None),
    )
    assert last.settings == Settings(
        environment=(("PATH", "/opt/bin:/bin"), ("KIND", "two words")),
        labels=(("org.opencontainers.image.title", "it"),),
        user="65532:65532",
        entrypoint=("/it",),
        command=("serve", "--all"),
        ports=("8080/tcp", "53/udp"),
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("HEALTHCHECK CMD true", 'line 18: got "HEALTHCHECK", expected one of ARG, CMD, COPY'),
        ("COPY --chown=1:1 a /b", 'option "--chown=1:1" is not understood'),
        ("RUN --network=none true", 'option "--network=none" is not understood'),
        ("FROM first", 'FROM names "first", an earlier stage'),
    ],
)
def test_what_is_not_understood_is_refused(containerfile: Path, line: str, said: str) -> None:
    """An instruction or option that would be left out of the image ends the reading."""
    containerfile.write_text(f"{TEXT}{line}\n")
    with pytest.raises(ContainerfileError, match=said):
        read_containerfile(containerfile)


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_every_image_says_what_it_runs_as(name: str) -> None:
    """Only the image whose one capability needs it is root's; all have a title and a licence."""
    settings = read_containerfile(RECIPES[name].containerfile)[-1].settings
    user = settings.user.partition(":")[0]
    assert (user == "0") == (name == "init")
    assert user.isdigit()
    assert settings.entrypoint
    labels = dict(settings.labels)
    assert labels["org.opencontainers.image.title"]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_versions_in_labels_are_the_projects() -> None:
    """The images that users pull carry the version that pyproject.toml has."""
    version = next(
        line.split('"')[1]
        for line in (RECIPES["webhook"].folder / "pyproject.toml").read_text().splitlines()
        if line.startswith("version = ")
    )
    for name in ("webhook", "init"):
        settings = read_containerfile(RECIPES[name].containerfile)[-1].settings
        assert dict(settings.labels)["org.opencontainers.image.version"] == version
