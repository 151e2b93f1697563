"""Commands for work by hand with a whole cluster: `scripts/cluster`."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.apiserver.command_lines import API_URL
from tests.apiserver.control_plane import client_environment
from tests.cluster.cluster import (
    Cluster,
    helm_command,
    istioctl_command,
    kubectl_command,
    node_command,
    outside_command,
)
from tests.cluster.containerd import RuntimeMissingError
from tests.cluster.layout import Layout, checkout_layout
from tests.cluster.lifecycle import ClusterError, bring_up, is_up, node_states, take_down
from tests.cluster.mesh import MeshError, install_mesh
from tests.cluster.sandbox import first_processes, network_path
from tests.images.build import build
from tests.images.errors import ImageError
from tests.tools.pins import ToolError

_EPILOGUE = """\
up [--nodes N] [--mesh]  start a cluster; with --mesh, install Istio's Pilot and Pillion in it
down                     remove it whole, also after a crash
status                   print where it is and what runs; exit status 1 unless all of it does
kubectl ARGUMENT…        run kubectl there; likewise helm and istioctl
load-image NAME|FILE     import an image of this project, or an OCI archive, into every node
exec COMMAND…            run any program in the first node's network, with KUBECONFIG set
node NUMBER COMMAND…     run any program inside a node, with its mounts and processes
"""

_PROGRAMS = {"kubectl": kubectl_command, "helm": helm_command, "istioctl": istioctl_command}
_COMMANDS = ("up", "down", "status", "load-image", "exec", "node")


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; 0 when it is done, 1 when it cannot be, 2 for a usage mistake."""
    parser = _parser()
    options = parser.parse_args(arguments)
    layout = checkout_layout()
    try:
        return _carry_out(layout, options.command, options.arguments, parser)
    except (ClusterError, MeshError, ToolError, RuntimeMissingError, ImageError) as error:
        print(f"scripts/cluster: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/cluster",
        description="A real Kubernetes cluster on this machine, in namespaces of its own.",
        epilog=_EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=(*_PROGRAMS, *_COMMANDS))
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


def _carry_out(
    layout: Layout, command: str, arguments: list[str], parser: argparse.ArgumentParser
) -> int:
    match command, arguments:
        case "up", _:
            return _up(layout, arguments)
        case "down", []:
            take_down(layout)
            return 0
        case "status", []:
            return _print_status(layout)
        case "load-image", [image]:
            return _load_image(layout, image)
        case "node", [number, _, *_] if number.isdigit():
            inside = node_command(layout, int(number), arguments[1:])
            return subprocess.run(inside, check=False).returncode
        case "exec", [_, *_]:
            return _execute(layout, arguments)
        case program, _ if program in _PROGRAMS:
            return _execute(layout, [*_PROGRAMS[program](), *arguments])
        case _:
            return parser.error(
                f"{command}: got arguments {arguments}, expected those listed by --help"
            )


def _up(layout: Layout, arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/cluster up")
    parser.add_argument("--nodes", type=int, default=1, choices=(1, 2), help="default: 1")
    parser.add_argument("--mesh", action="store_true", help="install Istio's Pilot and Pillion")
    options = parser.parse_args(arguments)
    seconds = bring_up(layout, nodes=options.nodes).seconds
    print(f"up in {seconds:.1f} s" if seconds else "up already")
    if options.mesh:
        _install_mesh(layout)
    return _print_status(layout)


def _execute(layout: Layout, command: list[str]) -> int:
    """Run a program in the first node's network, as the administrator."""
    forced = {"KUBECONFIG": str(layout.kubeconfig), "NO_PROXY": "*", "no_proxy": "*"}
    environment = client_environment(layout.kubeconfig) | dict(os.environ) | forced
    done = subprocess.run(outside_command(layout, command), env=environment, check=False)
    return done.returncode


def _install_mesh(layout: Layout) -> None:
    cluster = Cluster.connect(layout)
    try:
        started = time.monotonic()
        install_mesh(cluster)
        print(f"mesh installed in {time.monotonic() - started:.1f} s")
    finally:
        cluster.close()


def _load_image(layout: Layout, image: str) -> int:
    archive = Path(image) if Path(image).exists() else build(image)
    cluster = Cluster.connect(layout)
    try:
        cluster.load_image(archive)
    finally:
        cluster.close()
    return 0


def _print_status(layout: Layout) -> int:
    if not is_up(layout):
        print("cluster: down")
        return 1
    states = node_states(layout)
    print(f"cluster:    up at {API_URL}")
    print(f"kubeconfig: {layout.kubeconfig}")
    print(f"network:    nsenter --net={network_path(first_processes(layout.node(1))[0])}")
    for node, state in sorted(states.items()):
        ended = f"; ENDED: {', '.join(state.ended)}" if state.ended else ""
        print(f"{node}:     {', '.join(state.running)}{ended}")
        print(f"            logs: {layout.directory / node}")
    return 1 if any(state.ended for state in states.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
