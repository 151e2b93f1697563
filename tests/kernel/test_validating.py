"""Validation passes when, and only when, connections are redirected."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kernel.mutations import BACKENDS
from tests.kernel.networks import FAMILIES, Pair, configure, in_namespace, wired_pair
from tests.kernel.program import CAPTURE, pillion_init, report

pytestmark = pytest.mark.kernel
BY_BACKEND = pytest.mark.parametrize("backend", BACKENDS)
UNPRIVILEGED = (
    "setpriv", "--reuid=1337", "--regid=1337", "--clear-groups", "--inh-caps=-all",
    "--bounding-set=-all", "--no-new-privs",
)  # fmt: skip
REFUSED = {"ipv4": "192.0.2.1/32", "ipv6": "2001:db8::1/128"}
"""What validation connects to, when it is not redirected."""
WORDS = (*CAPTURE, "--redirect-dns", "--capture-all-dns")
CHECKS = ("outbound", "bypass", "self-call", "localhost", "dns-udp", "dns-tcp", "inbound")


@pytest.fixture
def pod(root: None) -> Any:
    """Give a wired pod where nothing listens; what leaves it is refused, so that nobody waits."""
    with wired_pair() as (name, outside):
        configure(outside, *(f"addr add {REFUSED[family]} dev lo nodad" for family in FAMILIES))
        yield name


def states(pod: str, *words: str, prefix: tuple[str, ...] = ()) -> dict[tuple[str, str], str]:
    """Validate and give each check's state."""
    done = pillion_init(pod, "validate", *words, prefix=prefix)
    assert done.returncode in (0, 126), done.stderr
    report = json.loads(done.stdout)
    print(done.stdout)  # the details, should an assertion fail
    found = {(c["check"], c["family"]): c["state"] for c in report["checks"]}
    assert (done.returncode == 126) == ("failed" in found.values())
    return found


def test_without_rules_self_fails(pod: str) -> None:
    """An unprivileged process finds that nothing is redirected, in either family."""
    found = states(pod, "--self", prefix=UNPRIVILEGED)

    assert found == {("self-call", family): "failed" for family in FAMILIES}


@BY_BACKEND
@pytest.mark.parametrize("mode", ["REDIRECT", "TPROXY"])
def test_with_rules_self_passes_without_a_capability(pod: str, backend: str, mode: str) -> None:
    """As the proxy's user with no capability the self-call arrives, in both families."""
    report(pod, "apply", *CAPTURE, "-m", mode, "--backend", backend)
    found = states(pod, "--self", prefix=UNPRIVILEGED)

    assert found == {("self-call", family): "passed" for family in FAMILIES}


def test_one_missing_family_fails_self(pod: str) -> None:
    """Rules for IPv4 alone in a pod with an IPv6 address are not enough."""
    report(pod, "apply", *CAPTURE, "--ipv6", "off")
    found = states(pod, "--self", prefix=UNPRIVILEGED)

    assert found == {("self-call", "ipv4"): "passed", ("self-call", "ipv6"): "failed"}


def test_rules_to_another_port_fail_self(pod: str) -> None:
    """A self-call that arrives elsewhere is not one that is redirected to the proxy."""
    report(pod, "apply", *CAPTURE, "-z", "16006")
    found = states(pod, "--self", prefix=UNPRIVILEGED)

    assert set(found.values()) == {"failed"}


def test_self_as_another_user_says_so(pod: str) -> None:
    """Run as anyone but the proxy's user it could only fail, so it refuses."""
    done = pillion_init(pod, "validate", "--self")

    assert done.returncode == 4
    assert "running as user 0, expected one of the proxy's users (1337)" in done.stderr


def test_rules_of_another_program_pass_self(pod: str) -> None:
    """Redirection set by a CNI plugin, with chains of its own, counts as well."""
    for program, local in (("iptables-nft", "127.0.0.1/32"), ("ip6tables-nft", "::1/128")):
        in_namespace(
            pod, "sh", "-ec",
            f"{program} -t nat -N ISTIO_IN_REDIRECT; "
            f"{program} -t nat -A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006; "
            f"{program} -t nat -A OUTPUT -o lo ! -d {local} -p tcp ! --dport 15008 "
            "-m owner --uid-owner 1337 -j ISTIO_IN_REDIRECT",
        )  # fmt: skip

    assert set(states(pod, "--self", prefix=UNPRIVILEGED).values()) == {"passed"}


@BY_BACKEND
@pytest.mark.parametrize("mode", ["REDIRECT", "TPROXY"])
def test_the_whole_validation_passes_with_rules(pod: str, backend: str, mode: str) -> None:
    """Outbound, bypass, self-call, localhost, DNS and inbound pass in both families."""
    before = in_namespace(pod, "ip", "-o", "link")
    words = (*WORDS, "-m", mode)
    report(pod, "apply", *words, "--backend", backend)
    found = states(pod, *words)

    assert found == {(check, family): "passed" for check in CHECKS for family in FAMILIES}
    assert in_namespace(pod, "ip", "-o", "link") == before


def test_the_whole_validation_fails_without_rules(pod: str) -> None:
    """Without rules every check that needs a redirection fails; the others pass."""
    found = states(pod, *WORDS)

    passed = {key[0] for key, state in found.items() if state == "passed"}
    assert passed == {"bypass", "localhost"}
    assert set(found.values()) == {"passed", "failed"}


@pytest.mark.parametrize(
    ("chain", "failing"),
    [
        ("nat-inbound", {"inbound"}),
        ("nat-redirect", {"outbound"}),
        ("nat-in-redirect", {"inbound", "self-call"}),
        ("nat-output-dns", {"dns-udp", "dns-tcp"}),
    ],
)
def test_each_check_notices_its_chain(pod: str, chain: str, failing: set[str]) -> None:
    """Emptying one chain fails exactly the checks that rely on it."""
    report(pod, "apply", *WORDS, "--backend", "nft")
    in_namespace(pod, "nft", "flush", "chain", "inet", "pillion", chain)
    found = states(pod, *WORDS)

    assert {key[0] for key, state in found.items() if state == "failed"} == failing


def test_what_needs_a_capability_says_so(pod: str) -> None:
    """With NET_ADMIN alone, what cannot be tested is named with what it needs, not failed."""
    report(pod, "apply", *WORDS)
    kept = "-all,+net_admin"
    prefix = ("setpriv", f"--bounding-set={kept}", f"--inh-caps={kept}")
    done = pillion_init(pod, "validate", *WORDS, prefix=prefix)
    untested = {
        (c["check"], c["detail"])
        for c in json.loads(done.stdout)["checks"]
        if c["state"] == "untested"
    }

    assert done.returncode == 0, done.stderr
    assert untested == {
        ("bypass", "capabilities SETUID and SETGID are missing"),
        ("self-call", "capabilities SETUID and SETGID are missing"),
        ("inbound", "capabilities NET_ADMIN and NET_RAW are missing"),
    }


def test_a_running_proxy_is_named(pair: Pair) -> None:
    """When the ports are taken the sentence says that validation comes before the proxy."""
    done = pillion_init(pair.pod, "validate", *CAPTURE)

    assert done.returncode == 4
    assert "validate before the proxy starts" in done.stderr


def test_istio_flags_validate_without_applying(pod: str) -> None:
    """--skip-rule-apply --run-validation is Istio's way to say validate --self."""
    flags = ("-b", "*", "-i", "*", "--skip-rule-apply", "--run-validation")
    before = pillion_init(pod, *flags, prefix=UNPRIVILEGED)
    report(pod, "apply", *CAPTURE)
    after = pillion_init(pod, *flags, prefix=UNPRIVILEGED)

    assert (before.returncode, after.returncode) == (126, 0)
