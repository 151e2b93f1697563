"""Where manifests go: standard output, a file, a directory; each whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.core.cli.command import SECONDS, argv, environment, listing
from tests.core.cli.conftest import Pillion
from tests.core.cli.forks import Forks
from tests.core.cli.manifests import DEPLOYMENT, POD, SERVICE


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """Give a directory with two manifests, one in a folder."""
    folder = tmp_path / "in"
    (folder / "inner").mkdir(parents=True)
    (folder / "pod.yaml").write_text(POD)
    (folder / "inner" / "deployment.yaml").write_text(DEPLOYMENT)
    return folder


def test_file_takes_what_standard_output_would(
    inputs: Path, tmp_path: Path, pillion: Pillion
) -> None:
    """-o with a file writes the same stream, and nothing to standard output."""
    wanted = pillion("inject", "-q", "-R", "-f", inputs).out
    run = pillion("inject", "-q", "-R", "-f", inputs, "-o", tmp_path / "out.yaml")
    assert run == (0, b"", "")
    assert (tmp_path / "out.yaml").read_bytes() == wanted
    assert pillion("inject", "-q", "-R", "-f", inputs, "-o", "-").out == wanted


def test_directory_mirrors_paths(inputs: Path, tmp_path: Path, pillion: Pillion) -> None:
    """-o with a slash at its end makes a directory with a file per input, folders included."""
    out = tmp_path / "new" / "out"
    assert pillion("inject", "-q", "-R", "-f", inputs, "-o", f"{out}/").code == 0
    assert sorted(listing(out)) == ["inner", "inner/deployment.yaml", "pod.yaml"]
    assert (out / "pod.yaml").read_bytes() == pillion("inject", "-q", "-f", inputs).out


def test_existing_directory_needs_no_slash(inputs: Path, tmp_path: Path, pillion: Pillion) -> None:
    """-o with a directory that exists is one; standard input becomes stdin.yaml there."""
    out = tmp_path / "out"
    out.mkdir()
    assert pillion("inject", "-q", "-f", inputs, "-o", out).code == 0
    assert list(listing(out)) == ["pod.yaml"]


def test_standard_input_gets_a_name(tmp_path: Path, forks: Forks) -> None:
    """Standard input becomes stdin.yaml in a directory."""
    run = forks.run("inject", "-q", "-f", "-", "-o", "out/", cwd=tmp_path, stdin=POD.encode())
    assert run == (0, b"", "")
    assert list(listing(tmp_path)) == ["out", "out/stdin.yaml"]


def test_input_may_be_the_output(inputs: Path, pillion: Pillion) -> None:
    """The same file may be read and written, and keeps its mode."""
    path = inputs / "pod.yaml"
    path.chmod(0o640)
    wanted = pillion("inject", "-q", "-f", path).out
    assert pillion("inject", "-q", "-f", path, "-o", path).code == 0
    assert path.read_bytes() == wanted
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_directory_may_be_the_output(inputs: Path, pillion: Pillion) -> None:
    """A directory of manifests can be injected in place, and uninjected to what it was."""
    before = listing(inputs)
    assert pillion("inject", "-q", "-R", "-f", inputs, "-o", inputs).code == 0
    changed = listing(inputs)
    assert changed.keys() == before.keys()
    assert changed != before
    assert pillion("uninject", "-q", "-R", "-f", inputs, "-o", inputs).code == 0
    assert listing(inputs) == before


def test_new_file_has_the_mode_of_any_new_file(
    inputs: Path, tmp_path: Path, pillion: Pillion
) -> None:
    """A new file gets the mode that the user's mask leaves, not that of a temporary file."""
    old = os.umask(0o027)
    try:
        pillion("inject", "-q", "-f", inputs, "-o", tmp_path / "out.yaml")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "out.yaml").stat().st_mode) == 0o640


def test_symbolic_link_stays_one(inputs: Path, tmp_path: Path, pillion: Pillion) -> None:
    """What a link points at is written, and the link is left."""
    link, target = tmp_path / "link.yaml", tmp_path / "target.yaml"
    link.symlink_to(target)
    for _ in range(2):
        assert pillion("inject", "-q", "-f", inputs / "pod.yaml", "-o", link).code == 0
        assert link.is_symlink()
        assert b"istio-proxy" in target.read_bytes()


def test_device_is_written_to(inputs: Path, pillion: Pillion) -> None:
    """A device is not replaced by a file."""
    assert pillion("inject", "-q", "-f", inputs / "pod.yaml", "-o", "/dev/null").code == 0
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_pipe_is_written_to(inputs: Path) -> None:
    """A pipe that a shell hands over by name is written to."""
    reading, writing = os.pipe()
    with subprocess.Popen(
        argv("inject", "-q", "-f", "pod.yaml", "-o", f"/dev/fd/{writing}"),
        cwd=inputs,
        env=environment(),
        pass_fds=[writing],
    ) as process:
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            data = pipe.read()
        assert process.wait(SECONDS) == 0
    assert b"istio-proxy" in data


@pytest.mark.parametrize("blocked", ["pod.yaml", "inner/deployment.yaml"])
@pytest.mark.parametrize("other", ["as it was", None], ids=["there", "new"])
def test_nothing_is_written_when_one_file_cannot_be(
    blocked: str, other: str | None, inputs: Path, tmp_path: Path, pillion: Pillion
) -> None:
    """A directory in the place of one file leaves the other, and no temporary file or folder."""
    out = tmp_path / "out"
    (out / blocked / "in-the-way").mkdir(parents=True)
    if other is not None:
        free = out / ("inner/deployment.yaml" if blocked == "pod.yaml" else "pod.yaml")
        free.parent.mkdir(exist_ok=True)
        free.write_text(other)
    before = listing(tmp_path)
    run = pillion("inject", "-R", "-f", inputs, "-o", out)
    assert run.code == 1
    assert run.err == f"pillion: {out}/{blocked}: is a directory\n"
    assert listing(tmp_path) == before


def test_full_disk_leaves_the_file_as_it_was(inputs: Path) -> None:
    """A file that cannot be written to its end is not replaced by half of it."""
    before = listing(inputs)
    limited = subprocess.run(
        ["sh", "-c", 'ulimit -f 4; exec "$@"', "sh",
         *argv("inject", "-q", "-f", "pod.yaml", "-o", "pod.yaml")],
        cwd=inputs, env=environment(PYTHONDONTWRITEBYTECODE="1"), capture_output=True, check=False,
        timeout=SECONDS,
    )  # fmt: skip
    assert limited.returncode == 1
    assert limited.stderr == b"pillion: pod.yaml: file too large\n"
    assert listing(inputs) == before


def test_full_standard_output_is_an_error(inputs: Path) -> None:
    """Standard output on a full disk is one sentence."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            argv("inject", "-f", "pod.yaml"),
            cwd=inputs, env=environment(), stdout=full, stderr=subprocess.PIPE, check=False,
            timeout=SECONDS,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, b"pillion: <stdout>: no space left on device\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_closed_streams_do_no_harm(closed: str, inputs: Path) -> None:
    """A stream that is closed from the start gives a sentence, or is not missed."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *argv("inject", "-q", "-f", "pod.yaml")],
        cwd=inputs, env=environment(), capture_output=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    said = b"pillion: <stdout>: got none, expected a place to write to\n"
    assert (done.returncode, done.stderr) == ((1, said) if closed == ">&-" else (0, b""))


def test_untouched_documents_are_byte_for_byte_the_same(tmp_path: Path, pillion: Pillion) -> None:
    """Documents without pods keep blanks, comments and separators; so does all before and after."""
    path = tmp_path / "x.yaml"
    head, tail = f"# head\n---   # first\n{SERVICE}---\n", f"---\n\n# end\n{SERVICE}...\n"
    path.write_text(head + POD + tail)
    text = pillion("inject", "-q", "-f", path).text
    assert text.startswith(head)
    assert text.endswith(tail)
    path.write_text(head + tail)
    assert pillion("inject", "-q", "-f", path).text == head + tail
