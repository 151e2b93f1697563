"""A run leaves exactly what the flags say: again, after drift, beside others' rules."""

from __future__ import annotations

import itertools

import pytest

from tests.kernel.mutations import BACKENDS
from tests.kernel.networks import in_namespace
from tests.kernel.program import CAPTURE, pillion_init, report
from tests.kernel.snapshots import snapshot
from tests.kernel.wire import Inside

pytestmark = pytest.mark.kernel
BY_BACKEND = pytest.mark.parametrize("backend", BACKENDS)
TPROXY = (*CAPTURE, "-m", "TPROXY", "--redirect-dns", "--capture-all-dns")
V4, V6 = "ipv4", "ipv6"

# Drift: one shell command per backend and kind of change.
LEGACY = "export XTABLES_LOCKFILE=/proc/self/ns/net; iptables-legacy -t nat"
DRIFT = {
    "nft": {
        "rule-removed": "nft delete rule inet pillion nat-output handle "
        "$(nft -a list chain inet pillion nat-output | awk '/O5/ {print $NF}')",
        "rule-added": "nft insert rule inet pillion nat-output accept",
        "rule-moved": "h=$(nft -a list chain inet pillion nat-output | awk '/O5/ {print $NF}'); "
        "nft delete rule inet pillion nat-output handle $h; nft add rule inet pillion nat-output "
        "'meta skuid 1337 counter return comment \"O5 egress of the proxy user would loop to its "
        "outbound listener\"'",
        "chain-flushed": "nft flush chain inet pillion nat-output",
        "jump-removed": "nft flush chain inet pillion hook-nat-output",
        "chain-added": "nft add chain inet pillion stray",
        "table-dormant": "nft add table inet pillion '{ flags dormant; }'",
        "policy-changed": "nft add chain inet pillion hook-nat-output '{ policy drop; }'",
        "everything-removed": "nft flush ruleset",
    },
    "iptables-nft": {
        "rule-removed": "iptables-nft -t nat -D PILLION_OUTPUT 3",
        "rule-added": "iptables-nft -t nat -I PILLION_OUTPUT -j ACCEPT",
        "rule-moved": "r=$(iptables-nft -t nat -S PILLION_OUTPUT 5 | cut -d' ' -f3-); "
        "iptables-nft -t nat -D PILLION_OUTPUT 5; "
        'eval "iptables-nft -t nat -A PILLION_OUTPUT $r"',
        "chain-flushed": "ip6tables-nft -t nat -F PILLION_OUTPUT",
        "jump-removed": "iptables-nft -t nat -D OUTPUT 1",
        "jump-doubled": "iptables-nft -t nat -I OUTPUT -j PILLION_OUTPUT",
        "chain-added": "iptables-nft -t nat -N PILLION_STRAY",
        "everything-removed": "nft flush ruleset",
    },
    "legacy": {
        "rule-removed": f"{LEGACY} -D PILLION_OUTPUT 3",
        "rule-added": f"{LEGACY} -I PILLION_OUTPUT -j ACCEPT",
        "rule-moved": f"{LEGACY} -D PILLION_OUTPUT 5; {LEGACY} -A PILLION_OUTPUT -m owner "
        "--uid-owner 1337 -m comment --comment 'O5 egress of the proxy user would loop to its "
        "outbound listener' -j RETURN",
        "chain-flushed": f"{LEGACY} -F PILLION_OUTPUT",
        "jump-removed": f"{LEGACY} -D OUTPUT 1",
        "jump-doubled": f"{LEGACY} -I OUTPUT -j PILLION_OUTPUT",
        "chain-added": f"{LEGACY} -N PILLION_STRAY",
    },
}
DRIFTS = [(backend, kind) for backend, kinds in DRIFT.items() for kind in kinds]

FOREIGN = """
nft -f - <<'END'
table inet others { set s { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2 } }
  chain c { type filter hook output priority 10; ip daddr @s counter accept comment "keep"; }; }
table ip6 others6 { chain c { type nat hook prerouting priority -90; }; }
END
iptables-nft -t nat -N THEIRS; iptables-nft -t nat -A THEIRS -p tcp --dport 9 -j RETURN
iptables-nft -t nat -A OUTPUT -p tcp --dport 7 -j THEIRS; iptables-nft -t mangle -P OUTPUT DROP
ip6tables-nft -t raw -A OUTPUT -p udp --dport 5 -j NOTRACK
export XTABLES_LOCKFILE=/proc/self/ns/net
iptables-legacy -t nat -N ISTIO_OUTPUT
iptables-legacy -t nat -A OUTPUT -p tcp --dport 3 -j ISTIO_OUTPUT
ip rule add fwmark 1337 lookup 133; ip -6 rule add fwmark 9 lookup 133
ip route add local default dev lo table 134
ip -6 route add local default dev lo table 133 proto static
ip -6 addr add ::7/128 dev lo
"""


@BY_BACKEND
def test_an_equal_run_changes_nothing(empty: str, backend: str) -> None:
    """The second run says unchanged and the kernel's listing stays the same."""
    first = report(empty, "apply", *TPROXY, "--backend", backend)
    before = snapshot(empty)
    second = report(empty, "apply", *TPROXY, "--backend", backend)

    assert (first["result"], second["result"]) == ("applied", "unchanged")
    assert first["hash"] == second["hash"]
    assert first["families"] == [V4, V6]
    assert first["backend"] == backend
    assert snapshot(empty) == before


@pytest.mark.parametrize("backend", ["nft", "iptables-nft"])
def test_an_equal_run_commits_nothing(empty: str, backend: str) -> None:
    """nf_tables counts commits; an equal run adds none."""
    report(empty, "apply", *CAPTURE, "--backend", backend)
    reader = Inside(empty, "tests.kernel.clients")
    try:
        before = reader.ask(op="generation")
        report(empty, "apply", *CAPTURE, "--backend", backend)
        assert reader.ask(op="generation") == before
        report(empty, "apply", *TPROXY, "--backend", backend)
        assert reader.ask(op="generation") > before
    finally:
        reader.close()


@pytest.mark.parametrize(("backend", "kind"), DRIFTS)
def test_drift_is_seen_and_repaired(empty: str, backend: str, kind: str) -> None:
    """Whatever someone changed in our rules, order included: verify says so, apply restores it."""
    words = (*CAPTURE, "--backend", backend)
    report(empty, "apply", *words)
    before = [line for line in _rules(empty, backend) if "_IS_" not in line and "is-" not in line]
    in_namespace(empty, "sh", "-c", DRIFT[backend][kind])

    assert pillion_init(empty, "verify", *words).returncode == 3
    assert report(empty, "apply", *words)["result"] == "applied"
    assert pillion_init(empty, "verify", *words).returncode == 0
    after = [line for line in _rules(empty, backend) if "_IS_" not in line and "is-" not in line]
    assert after == before


def _rules(namespace: str, backend: str) -> list[str]:
    taken = snapshot(namespace)
    if backend == "legacy":
        return (taken["iptables-legacy-save"] + taken["ip6tables-legacy-save"]).splitlines()
    return taken["nft -s list ruleset"].splitlines()


@BY_BACKEND
def test_a_changed_configuration_replaces_the_old_one(empty: str, backend: str) -> None:
    """TPROXY with DNS to REDIRECT and back leaves nothing of the other behind."""
    report(empty, "apply", *CAPTURE, "--backend", backend)
    redirect = snapshot(empty)
    report(empty, "apply", *TPROXY, "--backend", backend)
    assert pillion_init(empty, "verify", *TPROXY, "--backend", backend).returncode == 0
    assert snapshot(empty)["ip rule"].count("lookup 133") == 1
    report(empty, "apply", *CAPTURE, "--backend", backend)

    assert pillion_init(empty, "verify", *CAPTURE, "--backend", backend).returncode == 0
    for part in ("ip rule", "ip -6 rule", "ip route show table all", "ip -o addr"):
        assert snapshot(empty)[part] == redirect[part]


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(BACKENDS, 2)))
def test_switching_backend_removes_the_other(empty: str, first: str, second: str) -> None:
    """After a switch only the new backend holds rules of ours, as if it had been the first."""
    report(empty, "apply", *CAPTURE, "--backend", second)
    wanted = [line for line in _everything(empty) if "IS_" not in line and "is-" not in line]
    report(empty, "cleanup")
    report(empty, "apply", *CAPTURE, "--backend", first)
    report(empty, "apply", *CAPTURE, "--backend", second)
    found = [line for line in _everything(empty) if "IS_" not in line and "is-" not in line]

    assert found == wanted
    assert pillion_init(empty, "verify", *CAPTURE, "--backend", second).returncode == 0


def _everything(namespace: str) -> list[str]:
    return "\n".join(snapshot(namespace).values()).splitlines()


def test_auto_stays_with_the_backend_that_holds_our_rules(empty: str) -> None:
    """Two automatic runs do not take turns between backends."""
    report(empty, "apply", *CAPTURE, "--backend", "iptables-nft")

    again = report(empty, "apply", *CAPTURE)
    assert (again["result"], again["backend"]) == ("unchanged", "iptables-nft")


@BY_BACKEND
@pytest.mark.parametrize("words", [CAPTURE, TPROXY], ids=["redirect", "tproxy"])
def test_cleanup_leaves_the_namespace_as_it_was(
    empty: str, backend: str, words: tuple[str, ...]
) -> None:
    """Apply and cleanup together change nothing, and a second cleanup has nothing to do."""
    before = snapshot(empty)
    report(empty, "apply", *words, "--backend", backend)
    assert snapshot(empty) != before
    assert report(empty, "cleanup")["result"] == "removed"

    assert snapshot(empty) == before
    assert report(empty, "cleanup")["result"] == "unchanged"


@BY_BACKEND
def test_others_rules_survive_byte_for_byte(empty: str, backend: str) -> None:
    """Foreign tables, chains, sets, policies, rules and routes outlive apply and cleanup."""
    in_namespace(empty, "sh", "-ec", FOREIGN)
    before = snapshot(empty)
    report(empty, "apply", *TPROXY, "--backend", backend)
    during = _everything(empty)
    missing = [line for line in "\n".join(before.values()).splitlines() if line not in during]
    report(empty, "apply", *CAPTURE, "--backend", backend)
    report(empty, "cleanup")

    assert missing == []
    assert snapshot(empty) == before


@BY_BACKEND
def test_mode_none_removes_what_was_there(empty: str, backend: str) -> None:
    """Applying NONE is cleanup."""
    before = snapshot(empty)
    report(empty, "apply", *TPROXY, "--backend", backend)
    assert report(empty, "apply", "-m", "NONE")["result"] == "removed"

    assert snapshot(empty) == before


@BY_BACKEND
def test_plan_tells_how_the_kernel_differs(empty: str, backend: str) -> None:
    """--check exits 3 before apply and 0 after, and the script is the one that was applied."""
    words = (*TPROXY, "--backend", backend)
    before = pillion_init(empty, "plan", *words, "--check", "--output", "json")
    report(empty, "apply", *words)
    after = pillion_init(empty, "plan", *words, "--check", "--output", "json")

    assert (before.returncode, after.returncode) == (3, 0)
    assert '"state":"differs"' in before.stdout
    assert '"state":"equal"' in after.stdout


def test_ipv6_off_is_said_and_guarded(empty: str) -> None:
    """With --ipv6=off the report says that IPv6 bypasses, and no IPv6 packet enters our chains."""
    said = report(empty, "apply", *CAPTURE, "--ipv6", "off", "--backend", "nft")

    assert said["families"] == [V4]
    assert said["notes"] == ["--ipv6=off: IPv6 bypasses the proxy"]
    listed = in_namespace(empty, "nft", "list", "table", "inet", "pillion")
    assert listed.count("meta nfproto ipv4 counter") == listed.count("jump nat-inbound ") + 1


def test_passthrough_address_is_left_out_where_lo_takes_none(empty: str) -> None:
    """With IPv6 disabled on lo the rules go in and ::6 does not."""
    in_namespace(empty, "sysctl", "-qw", "net.ipv6.conf.lo.disable_ipv6=1")
    for backend in BACKENDS:
        assert report(empty, "apply", *CAPTURE, "--backend", backend)["result"] == "applied"
        assert report(empty, "apply", *CAPTURE, "--backend", backend)["result"] == "unchanged"

    assert "::6" not in snapshot(empty)["ip -o addr"]
