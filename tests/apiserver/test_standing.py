"""`scripts/apiserver` keeps a control plane up between commands, and takes it down whole."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.apiserver.bring_up import built_programs
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.process_table import network_of, processes_in_network
from tests.tools.builds import built_tool, cache_directory

pytestmark = [pytest.mark.apiserver, pytest.mark.usefixtures("control_planes")]

REPOSITORY = Path(__file__).parents[2]

Script = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Script]:
    """Yield a function that runs scripts/apiserver with a state of its own."""
    built_programs(KubernetesVersion.V1_37)
    built_tool("kube", "kubectl")
    (tmp_path / "tools").symlink_to(cache_directory())

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [REPOSITORY / "scripts" / "apiserver", *arguments],
            env={**os.environ, "PILLION_CACHE": str(tmp_path)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )

    try:
        yield run
    finally:
        run("down")


def test_it_stays_up_between_commands(script: Script, tmp_path: Path) -> None:
    """What one command creates the next one finds, until `down` has stopped every process."""
    assert script("status").stdout == "kubernetes 1.37: down\n"
    up = script("up")
    assert up.returncode == 0, up.stderr
    (tmp_path / "manifest.yaml").write_text(
        "{apiVersion: v1, kind: Namespace, metadata: {name: a}}"
    )
    assert script("kubectl", "apply", "-f", "manifest.yaml").stdout == "namespace/a created\n"
    assert script("up").stdout == up.stdout
    assert script("kubectl", "get", "namespace", "a", "-o", "name").stdout == "namespace/a\n"
    inside = script("exec", "sh", "-c", "readlink /proc/self/ns/net; cat $KUBECONFIG").stdout
    inode = int(inside.splitlines()[0].strip("net:[]"))
    assert inode != network_of(os.getpid())
    assert "https://10.250.0.1:6443" in inside
    assert processes_in_network(inode)
    assert script("down").returncode == 0
    assert not processes_in_network(inode)
    assert script("status").returncode == 1


def test_commands_that_need_it_say_so(script: Script) -> None:
    """While it is down kubectl names the command that is missing, and `down` has nothing to do."""
    refused = script("kubectl", "get", "pods")
    assert (refused.returncode, refused.stderr) == (
        1,
        "scripts/apiserver: no control plane 1.37 is up, expected `up` first\n",
    )
    assert script("down").returncode == 0
    assert script("exec").returncode == 2
