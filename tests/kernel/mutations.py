"""The mutation run: every rule is removed in turn, and the traffic must notice.

`python -m tests.kernel.mutations` prints the table; the tests use the same functions.
"""

from __future__ import annotations

from tests.kernel.cases import CASES, SHORT, Case, Probe
from tests.kernel.clients import PATIENCE
from tests.kernel.networks import Pair, in_namespace, serve_everything, staffed_pair

BACKENDS = ("nft", "iptables-nft", "legacy")


def answers(
    pair: Pair, case: Case, family: str, patience: float = PATIENCE
) -> list[tuple[Probe, str]]:
    """Try every connection of a case in one family."""
    in_namespace(pair.pod, "conntrack", "-F")
    results = []
    for probe in case.probes:
        clients = pair.outside_clients if probe.who is None else pair.pod_clients
        results.append((probe, clients.ask(**probe.request(family, patience))))
    return results


def surprises(pair: Pair, case: Case, family: str, patience: float = PATIENCE) -> list[str]:
    """Give what did not answer as it should."""
    return [
        f"{family} {probe.request(family)}: got {got!r}, expected {probe.expected(family)!r}"
        for probe, got in answers(pair, case, family, patience)
        if not got.startswith(probe.expected(family))
    ]


def is_noticed(pair: Pair, case: Case, family: str) -> bool:
    """Tell whether some connection goes elsewhere; later ones are not tried."""
    in_namespace(pair.pod, "conntrack", "-F")
    return any(not answered(pair, probe, family) for probe in case.probes)


def answered(pair: Pair, probe: Probe, family: str) -> bool:
    """Try one connection for a short time."""
    clients = pair.outside_clients if probe.who is None else pair.pod_clients
    got: str = clients.ask(**probe.request(family, SHORT))
    return got.startswith(probe.expected(family))


def prepare(pair: Pair, case: Case, backend: str, lacking: str = "") -> None:
    """Put a case's rules in place, all or all but one."""
    pair.pod_clients.ask(op="clean")
    replaced = f"add table inet foreign\ndelete table inet foreign\n{case.foreign}\n"
    in_namespace(pair.pod, "nft", "-f", "-", script=replaced)
    pair.pod_clients.ask(op="write", words=list(case.flags), backend=backend, lacking=lacking)


def mutants(case: Case, backend: str) -> tuple[str, ...]:
    """Give the rules whose absence this case must notice on a backend."""
    return (*case.needs, *(case.only_nft if backend == "nft" else ()))


def survivors(pair: Pair, case: Case, backend: str) -> list[str]:
    """Give the rules whose absence went unnoticed in some family."""
    alive = []
    for name in mutants(case, backend):
        prepare(pair, case, backend, name)
        alive += [f"{name} {f}" for f in case.families if not is_noticed(pair, case, f)]
    return alive


def main() -> None:
    """Print one line per backend, case and rule."""
    with staffed_pair() as pair:
        serve_everything(pair)
        for backend in BACKENDS:
            for case in CASES:
                prepare(pair, case, backend)
                wrong = [text for family in case.families for text in surprises(pair, case, family)]
                alive = survivors(pair, case, backend)
                killed = len(mutants(case, backend)) * len(case.families) - len(alive)
                print(f"{backend:13}{case.name:42}killed {killed:2}", *alive, *wrong)


if __name__ == "__main__":
    main()
