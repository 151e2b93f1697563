"""The program that runs inside a node's sandbox: `python -m tests.cluster.supervise DIRECTORY`."""

import argparse
from pathlib import Path

from tests.cluster.layout import Layout
from tests.cluster.supervision import NodeSupervisor


def main() -> None:
    """Run the first node, or with `--node` a further one, until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--node", type=int, default=1)
    options = parser.parse_args()
    supervisor = NodeSupervisor(Layout(options.directory), options.node)
    if options.node == 1:
        supervisor.run_first(options.nodes)
    else:
        supervisor.run_further()


if __name__ == "__main__":
    main()
