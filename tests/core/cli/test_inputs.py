"""Where manifests come from: several files, directories, standard input, odd encodings."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.cli.command import ROOT, SECONDS, environment
from tests.core.cli.conftest import Pillion
from tests.core.cli.forks import Forks
from tests.core.cli.manifests import DEPLOYMENT, POD, SERVICE
from tests.core.cli.readers import container_names, pods, values

NOBODY = 65534


def _pod(name: str) -> str:
    return POD.replace("name: web", f"name: {name}")


def _names(data: bytes) -> list[str]:
    return [value["metadata"]["name"] for value in values(data)]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a directory with manifests, other files and a folder below it."""
    (tmp_path / "z.yaml").write_text(_pod("z"))
    (tmp_path / "a.yml").write_text(_pod("a"))
    (tmp_path / "m.json").write_text(
        '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "m"}}'
    )
    (tmp_path / "notes.txt").write_text("kind: [")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "b.yaml").write_text(_pod("b"))
    (tmp_path / "folder.yaml").mkdir()
    return tmp_path


def test_files_come_in_the_order_of_the_command_line(tree: Path, pillion: Pillion) -> None:
    """Several -f are one stream, in the order in which they are named."""
    run = pillion("inject", "-f", tree / "z.yaml", "-f", tree / "m.json", "-f", tree / "a.yml")
    assert _names(run.out) == ["z", "m", "a"]
    assert "2 injected; 1 document without pods" in run.err


def test_directory_is_read_in_sorted_order(tree: Path, pillion: Pillion) -> None:
    """A directory gives its manifests by name, and neither other files nor folders."""
    assert _names(pillion("inject", "-q", "-f", tree).out) == ["a", "m", "z"]


def test_recursion_reads_folders_too(tree: Path, pillion: Pillion) -> None:
    """With -R the folders of a directory are read, paths in sorted order."""
    assert _names(pillion("inject", "-q", "-R", "-f", tree).out) == ["a", "b", "m", "z"]


def test_file_of_a_directory_is_not_read_twice(tree: Path, pillion: Pillion) -> None:
    """A file that a directory holds and that is named as well is refused."""
    run = pillion("inject", "-f", tree, "-f", tree / "inner" / ".." / "z.yaml")
    assert (run.code, run.out) == (1, b"")
    assert "got it twice, expected each input once" in run.err


def test_standard_input_is_an_input_among_others(tree: Path, forks: Forks) -> None:
    """`-` may stand anywhere among the -f."""
    run = forks.run(
        "inject", "-f", "a.yml", "-f", "-", "-f", "z.yaml", cwd=tree, stdin=POD.encode()
    )
    assert _names(run.out) == ["a", "web", "z"]
    assert "injected  Pod demo/web (<stdin>, document 1)" in run.err


def test_documents_are_counted_as_kubectl_counts_them(tmp_path: Path, pillion: Pillion) -> None:
    """Documents that hold nothing but comments do not count; places name the one that is meant."""
    path = tmp_path / "x.yaml"
    path.write_text(f"# head\n---\n{SERVICE}---\n# nothing\n---\n{POD}")
    assert f"({path}, document 2)" in pillion("inject", "-f", path).err


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order-mark"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_marks_and_line_ends_stay(mark: bytes, end: str, tmp_path: Path, pillion: Pillion) -> None:
    """A byte order mark and the line ends of a file are those of the output."""
    path, back = tmp_path / "x.yaml", tmp_path / "back.yaml"
    path.write_bytes(mark + f"{SERVICE}---\n{DEPLOYMENT}".replace("\n", end).encode())
    run = pillion("inject", "-q", "-f", path)
    assert run.code == 0
    assert run.out.startswith(mark + b"apiVersion")
    assert run.out.count(b"\n") == run.out.count(end.encode())
    (tmp_path / "out.yaml").write_bytes(run.out)
    assert pillion("uninject", "-q", "-f", tmp_path / "out.yaml", "-o", back).code == 0
    assert back.read_bytes() == path.read_bytes()


def test_mark_of_a_later_file_is_not_put_inside_the_stream(
    tmp_path: Path, pillion: Pillion
) -> None:
    """Only a stream's beginning may have a byte order mark."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_bytes(b"\xef\xbb\xbf" + _pod(name).encode())
    run = pillion("inject", "-q", "-f", tmp_path)
    assert run.out.count(b"\xef\xbb\xbf") == 1
    assert _names(run.out) == ["a", "b"]


def test_file_without_a_last_line_end(tmp_path: Path, pillion: Pillion) -> None:
    """A file that does not end its last line is kept apart from the next one."""
    (tmp_path / "a.yaml").write_text(_pod("a").rstrip("\n"))
    (tmp_path / "b.yaml").write_text(_pod("b"))
    run = pillion("inject", "-q", "-f", tmp_path)
    assert [container_names(pod)[-1] for pod in pods(values(run.out))] == ["app", "app"]
    assert _names(run.out) == ["a", "b"]


UNPRIVILEGED = """
import os, sys
from webhook.cli.main import main
good, *arguments = sys.argv[1:]
# A run that succeeds loads every module, which the user below may not be allowed to read.
assert main(["inject", "-q", "-f", good, "-o", os.devnull]) == 0
if os.getuid() == 0:
    os.setgroups([])
    os.setgid({nobody})
    os.setuid({nobody})
    assert os.getuid() == {nobody}
sys.exit(main(arguments))
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that any user can reach, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def _unprivileged(good: Path, *arguments: str) -> tuple[int, bytes, str]:
    done = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED.format(nobody=NOBODY), str(good), *arguments],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env=environment(),
        timeout=SECONDS,
    )
    return done.returncode, done.stdout, done.stderr.decode()


@pytest.mark.parametrize(
    ("forbidden", "mode", "arguments"),
    [
        ("secret.yaml", 0, ["-f", "secret.yaml"]),
        ("secret.yaml", 0, ["-f", "."]),
        ("closed", 0, ["-R", "-f", "."]),
        ("closed", 0, ["-f", "closed"]),
        ("closed", 0o444, ["-f", "closed/x.yaml"]),
        ("closed", 0o555, ["-f", "good.yaml", "-o", "closed/out.yaml"]),
        ("closed", 0o555, ["-f", "good.yaml", "-o", "closed/new/out.yaml"]),
        ("secret.yaml", 0, ["-f", "good.yaml", "--config", "secret.yaml"]),
    ],
)
def test_what_a_user_may_not_touch_is_an_error(
    forbidden: str, mode: int, arguments: list[str], open_folder: Path
) -> None:
    """Without the right to read or write, the sentence names the place, and nothing is skipped."""
    good = open_folder / "good.yaml"
    good.write_text(POD)
    (open_folder / "secret.yaml").write_text(POD)
    (open_folder / "closed").mkdir()
    (open_folder / "closed" / "x.yaml").write_text(POD)
    before = sorted(open_folder.rglob("*"))
    (open_folder / forbidden).chmod(mode)
    places = [str(open_folder / word) if word[0] not in "-" else word for word in arguments]
    try:
        code, out, err = _unprivileged(good, "inject", *places)
    finally:
        (open_folder / forbidden).chmod(0o755)
    assert (code, out) == (1, b"")
    assert err.startswith(f"pillion: {open_folder}/{forbidden}"), err
    assert err.endswith(": permission denied\n")
    assert err.count("\n") == 1
    assert sorted(open_folder.rglob("*")) == before
