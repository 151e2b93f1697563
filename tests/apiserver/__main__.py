"""Commands for work by hand with a real API server: `scripts/apiserver`."""

import argparse
import sys
from collections.abc import Sequence

from tests.apiserver.bring_up import STORE
from tests.apiserver.command_lines import API_URL
from tests.apiserver.component import ComponentError
from tests.apiserver.kubernetes_version import KubernetesVersion
from tests.apiserver.network_namespace import NetworkNamespaceError
from tests.apiserver.polling import NotInTimeError
from tests.apiserver.standing import StandingControlPlane, StandingError
from tests.tools.builds import built_tool
from tests.tools.pins import ToolError

_EPILOGUE = """\
up                 start etcd, kube-apiserver and controllers in their own network namespace
down               stop them, and with them the namespace
status             print where they are; exit status 1 when they are down
kubectl ARGUMENT…  run kubectl there; likewise helm and helm3
exec COMMAND…      run any program there, with KUBECONFIG set; a webhook must listen at 10.250.0.1
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; 0 when it is done, 1 when it cannot be, 2 for a usage mistake."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "exec" and not options.arguments:
        parser.error("exec: got no program, expected one")
    plane = StandingControlPlane(options.kubernetes)
    try:
        return _carry_out(plane, options.command, options.arguments)
    except (
        StandingError, ToolError, ComponentError, NetworkNamespaceError, NotInTimeError
    ) as error:  # fmt: skip
        print(f"scripts/apiserver: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/apiserver",
        description="A real Kubernetes API server without a cluster.",
        epilog=_EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--kubernetes",
        type=KubernetesVersion,
        default=KubernetesVersion.V1_37,
        choices=list(KubernetesVersion),
        help="version (default: %(default)s)",
    )
    commands = ("up", "down", "status", "kubectl", "helm", "helm3", "exec", "supervise")
    parser.add_argument("command", choices=commands)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


def _carry_out(plane: StandingControlPlane, command: str, arguments: list[str]) -> int:
    match command:
        case "up":
            plane.up()
            return _print_status(plane)
        case "down":
            plane.down()
        case "status":
            return _print_status(plane)
        case "supervise":
            plane.supervise()
        case "kubectl":
            plane.execute([str(built_tool("kube", "kubectl")), *arguments])
        case "helm" | "helm3":
            plane.execute([str(built_tool(command, "helm")), *arguments])
        case _:
            plane.execute(arguments)
    return 0


def _print_status(plane: StandingControlPlane) -> int:
    if not plane.is_up:
        print(f"kubernetes {plane.version}: down")
        return 1
    print(f"kubernetes {plane.version}: up at {API_URL}")
    print(f"kubeconfig: {plane.kubeconfig}")
    print(f"logs:       {plane.directory} (store: {STORE}/)")
    print(f"namespace:  {plane.namespace_path} (enter: nsenter --net={plane.namespace_path})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
