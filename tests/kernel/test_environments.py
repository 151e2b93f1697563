"""Whatever the container lacks, the program works or says in one sentence what is missing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.kernel.mutations import BACKENDS
from tests.kernel.networks import in_namespace
from tests.kernel.program import CAPTURE, PYTHON, ROOT, pillion_init, report
from tests.kernel.snapshots import snapshot

pytestmark = pytest.mark.kernel
BY_BACKEND = pytest.mark.parametrize("backend", BACKENDS)


def limited(capabilities: str, user: int = 0) -> tuple[str, ...]:
    """Give a prefix that keeps only these capabilities, as a container's bounding set does."""
    kept = "-all" + "".join(f",+{name}" for name in capabilities.split())
    identity = (f"--reuid={user}", f"--regid={user}", "--clear-groups")
    ambient = (f"--ambient-caps={kept}",) if user else ()
    return ("setpriv", *identity, f"--bounding-set={kept}", f"--inh-caps={kept}", *ambient)


READ_ONLY = (
    "unshare", "-m", "sh", "-ec",
    "mount --make-rprivate /; "
    "for m in $(findmnt -rno TARGET | grep -v '^/proc'); do "
    "mount -o remount,bind,ro $m 2>/dev/null || true; done; "
    "! touch /tmp/x 2>/dev/null; ! touch /run/x 2>/dev/null; exec \"$@\"", "sh",
)  # fmt: skip
"""Run with every mount read-only."""


def hiding(*paths: str) -> tuple[str, ...]:
    """Run in an image that lacks these programs."""
    script = "mount --make-rprivate /; "
    script += "".join(f"mount --bind /dev/null {path}; " for path in paths)
    return ("unshare", "-m", "sh", "-ec", script + 'exec "$@"', "sh")


def in_user_namespace(ids: int) -> tuple[str, ...]:
    """Run as root of a user namespace with so many ids, as a pod with hostUsers: false does."""
    return (PYTHON, "-B", "-m", "tests.kernel.usernamespace", str(ids))


NO_NFT = ("/usr/sbin/nft",)
NO_IPTABLES_NFT = ("/usr/sbin/xtables-nft-multi",)
NO_LEGACY = ("/usr/sbin/xtables-legacy-multi",)
WHOLE_RANGE, ONLY_ROOT = 65536, 1
"""Ids in the user namespace: what kubelet maps, and root alone."""


@pytest.mark.parametrize(
    ("prefix", "backend", "code", "sentence"),
    [
        (limited("net_admin"), "nft", 0, ""),
        (limited("net_admin"), "iptables-nft", 0, ""),
        (limited("net_admin"), "auto", 0, ""),
        (limited("net_admin"), "legacy", 4,
         "capability NET_RAW is missing: backend legacy needs it"),
        (limited("net_admin net_raw"), "legacy", 0, ""),
        (limited("net_raw"), "auto", 4,
         "capability NET_ADMIN is missing: no rule can be read or written"),
        (limited(""), "nft", 4, "capability NET_ADMIN is missing: no rule can be read or written"),
        (("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"), "auto", 4,
         "capability NET_ADMIN is missing: no rule can be read or written"),
        (limited("net_admin", user=1000), "nft", 0, ""),
        (hiding(*NO_NFT), "nft", 4, "program nft is not in the image"),
        (hiding(*NO_IPTABLES_NFT), "iptables-nft", 4,
         "program iptables-nft-restore is not in the image"),
        (hiding(*NO_LEGACY), "legacy", 4, "program iptables-legacy-restore is not in the image"),
        (hiding(*NO_LEGACY), "auto", 0, ""),
        (hiding(*NO_NFT, *NO_IPTABLES_NFT), "auto", 4, "iptables-nft cannot be used: program"),
        (in_user_namespace(WHOLE_RANGE), "nft", 0, ""),
        (in_user_namespace(WHOLE_RANGE), "iptables-nft", 0, ""),
        (in_user_namespace(WHOLE_RANGE), "legacy", 0, ""),
        (in_user_namespace(ONLY_ROOT), "auto", 0, ""),
        (in_user_namespace(ONLY_ROOT), "iptables-nft", 1, "iptables-nft cannot be used"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(
    empty: str, prefix: tuple[str, ...], backend: str, code: int, sentence: str
) -> None:
    """Enough privilege works; too little ends with one sentence and its own exit code."""
    done = pillion_init(empty, "apply", *CAPTURE, "--backend", backend, prefix=prefix)

    assert (done.returncode, sentence in done.stderr) == (code, True), done.stderr
    assert len(done.stderr.splitlines()) == (1 if code else 0)


@BY_BACKEND
def test_nothing_is_written_to_disk(empty: str, backend: str) -> None:
    """With every mount read-only all backends work: scripts go by pipe, the lock is the netns."""
    first = report(empty, "apply", *CAPTURE, "--backend", backend, prefix=READ_ONLY)
    again = report(empty, "apply", *CAPTURE, "--backend", backend, prefix=READ_ONLY)

    assert (first["result"], again["result"]) == ("applied", "unchanged")


def test_the_next_backend_is_tried_and_said(empty: str) -> None:
    """Without nft the automatic choice is iptables-nft, and the report says why."""
    said = report(empty, "apply", *CAPTURE, prefix=hiding(*NO_NFT))

    assert said["backend"] == "iptables-nft"
    assert said["notes"][0].startswith("nft cannot be used: program nft is not in the image")


def test_a_failing_nft_falls_back(empty: str, tmp_path: Path) -> None:
    """An nft that fails, whatever the reason, is fallen back from, with what it said."""
    broken = tmp_path / "nft"
    broken.write_text("#!/bin/sh\necho 'netlink: Error: Operation not supported' >&2\nexit 1\n")
    broken.chmod(0o755)
    script = f'mount --make-rprivate /; mount --bind {broken} /usr/sbin/nft; exec "$@"'
    said = report(empty, "apply", *CAPTURE, prefix=("unshare", "-m", "sh", "-ec", script, "sh"))

    assert said["backend"] == "iptables-nft"
    assert "Operation not supported" in said["notes"][0]


def test_a_hanging_program_is_stopped(empty: str, tmp_path: Path) -> None:
    """A program that does not end is killed at its limit, and at the overall deadline."""
    hanging = tmp_path / "nft"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o755)
    script = f'mount --make-rprivate /; mount --bind {hanging} /usr/sbin/nft; exec "$@"'
    prefix = ("unshare", "-m", "sh", "-ec", script, "sh")
    words = ("apply", *CAPTURE, "--backend", "nft")
    each = pillion_init(empty, *words, "--command-timeout", "200ms", prefix=prefix)
    whole = pillion_init(empty, *words, "--deadline", "200ms", prefix=prefix)

    assert (each.returncode, whole.returncode) == (1, 5)
    assert "stopped after 0.2 seconds" in each.stderr
    assert "overall deadline" in whole.stderr
    assert snapshot(empty)["nft -s list ruleset"] == ""


@pytest.mark.parametrize(
    ("said", "tries"), [("Device or resource busy", 3), ("Invalid argument", 1)]
)
def test_only_transient_errors_are_tried_again(
    empty: str, tmp_path: Path, said: str, tries: int
) -> None:
    """A busy kernel is asked again until it answers; a refusal is final at once."""
    flaky = tmp_path / "nft"
    flaky.write_text(
        f"#!/bin/sh\necho x >> {tmp_path}/tries\n"
        f'[ $(wc -l < {tmp_path}/tries) -ge 3 ] && exec {tmp_path}/real "$@"\n'
        f"echo 'Error: Could not process rule: {said}' >&2\nexit 1\n"
    )
    flaky.chmod(0o755)
    (tmp_path / "real").write_bytes(Path("/usr/sbin/nft").read_bytes())
    (tmp_path / "real").chmod(0o755)
    script = f'mount --make-rprivate /; mount --bind {flaky} /usr/sbin/nft; exec "$@"'
    prefix = ("unshare", "-m", "sh", "-ec", script, "sh")
    done = pillion_init(empty, "apply", *CAPTURE, "--backend", "nft", prefix=prefix)
    counted = len((tmp_path / "tries").read_text().splitlines())

    assert done.returncode == (0 if tries == 3 else 1)
    assert counted == tries


def test_another_dialect_of_nft_is_understood(empty: str, tmp_path: Path) -> None:
    """A version that lists rules in other words applies, and its equal re-run changes nothing."""
    dialect = tmp_path / "nft"
    dialect.write_text(
        f'#!/bin/sh\ncase "$*" in *list*) {tmp_path}/real "$@" '
        f'| sed "s/meta skuid/skuid/; s/ counter / /";; *) exec {tmp_path}/real "$@";; esac\n'
    )
    dialect.chmod(0o755)
    (tmp_path / "real").write_bytes(Path("/usr/sbin/nft").read_bytes())
    (tmp_path / "real").chmod(0o755)
    script = f'mount --make-rprivate /; mount --bind {dialect} /usr/sbin/nft; exec "$@"'
    prefix = ("unshare", "-m", "sh", "-ec", script, "sh")
    said = [report(empty, "apply", *CAPTURE, prefix=prefix) for _ in range(2)]

    assert [(one["result"], one["backend"]) for one in said] == [
        ("applied", "nft"),
        ("unchanged", "nft"),
    ]


def test_a_program_that_loses_a_rule_is_caught(empty: str, tmp_path: Path) -> None:
    """What was written is read back: a rule that did not arrive is a failure of that backend."""
    losing = tmp_path / "nft"
    losing.write_text(
        f'#!/bin/sh\ncase "$*" in *list*) exec {tmp_path}/real "$@";; esac\n'
        f"grep -v O5 | exec {tmp_path}/real -f -\n"
    )
    losing.chmod(0o755)
    (tmp_path / "real").write_bytes(Path("/usr/sbin/nft").read_bytes())
    (tmp_path / "real").chmod(0o755)
    script = f'mount --make-rprivate /; mount --bind {losing} /usr/sbin/nft; exec "$@"'
    prefix = ("unshare", "-m", "sh", "-ec", script, "sh")
    alone = pillion_init(empty, "apply", *CAPTURE, "--backend", "nft", prefix=prefix)
    said = report(empty, "apply", *CAPTURE, "-o", "1", prefix=prefix)

    assert alone.returncode == 1
    assert "nft did not apply what it was given" in alone.stderr
    assert said["backend"] == "iptables-nft"
    assert snapshot(empty)["nft -s list ruleset"].count("inet pillion") == 0


def test_without_ipv6_addresses_both_families_are_captured(empty: str) -> None:
    """IPv6 that is merely unused is captured as well, so that a later address does not bypass."""
    in_namespace(empty, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")

    assert report(empty, "apply", *CAPTURE)["families"] == ["ipv4", "ipv6"]


def test_ip6tables_may_fail_only_without_an_address(empty: str) -> None:
    """A pod without IPv6 address goes on with IPv4 and says so; one with an address fails."""
    prefix = broken_ip6tables()
    said = report(empty, "apply", *CAPTURE, "--backend", "legacy", prefix=prefix)
    in_namespace(empty, "ip", "link", "add", "br0", "type", "bridge")
    in_namespace(empty, "ip", "addr", "add", "fd01::1/64", "dev", "br0", "nodad")
    in_namespace(empty, "ip", "link", "set", "br0", "up")
    done = pillion_init(empty, "apply", *CAPTURE, "-o", "1", "--backend", "legacy", prefix=prefix)

    assert said["families"] == ["ipv4"]
    assert "ip6tables cannot be used and the pod has no IPv6 address: IPv4 only" in said["notes"]
    assert done.returncode == 1
    assert "ip6tables-legacy-restore" in done.stderr


def broken_ip6tables() -> tuple[str, ...]:
    """Run where the IPv6 half of legacy does not work: its programs are links to one binary."""
    wrapper = (
        "d=$(mktemp -d); mount -t tmpfs none $d; "
        "printf '#!/bin/sh\\ncase $0 in *ip6tables*restore*) echo no ip6 >&2; exit 3;; esac; "
        'exec -a "$(basename $0)" %s "$@"\\n\' $d/real > $d/w; sed -i \'1s,sh,bash,\' $d/w; '
        "cp /usr/sbin/xtables-legacy-multi $d/real; chmod +x $d/w; "
        "mount --bind $d/w /usr/sbin/xtables-legacy-multi; "
    )
    script = f'mount --make-rprivate /; {wrapper} exec "$@"'
    return ("unshare", "-m", "sh", "-ec", script, "sh")


def test_the_termination_message_is_the_report(empty: str, tmp_path: Path) -> None:
    """Kubelet's file gets what was done, and after a failure exactly what failed."""
    log = tmp_path / "termination-log"
    log.write_text("old and longer than what comes " * 40)
    done = pillion_init(empty, "apply", *CAPTURE, "--termination-log", str(log))
    success = json.loads(log.read_text())
    pillion_init(empty, "apply", "-b", "x", "--termination-log", str(log))
    failure = json.loads(log.read_text())

    assert success == json.loads(done.stdout)
    assert set(success) == {
        "result", "backend", "families", "rules", "hash", "milliseconds", "notes",
    }  # fmt: skip
    assert failure["exit"] == 2
    assert failure["error"] == '-b: got "x", expected 1-65535 or a range of them'


@pytest.mark.parametrize("path", ["/nonexistent/log", "/proc/self/status", "/", ""])
def test_an_unusable_termination_log_is_no_error(empty: str, path: str) -> None:
    """The message is best effort; the run itself is not affected."""
    assert report(empty, "apply", *CAPTURE, "--termination-log", path)["result"] == "applied"


def test_plan_needs_no_privilege(empty: str) -> None:
    """An ordinary user gets the script, and is told that the kernel could not be read."""
    prefix = ("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups")
    done = pillion_init(empty, "plan", *CAPTURE, prefix=prefix)

    assert done.returncode == 0
    assert "table inet pillion {" in done.stdout
    assert "# kernel: unknown" in done.stdout


def test_doctor_changes_nothing_and_names_the_backend(empty: str) -> None:
    """Examining leaves no trace and says what will be used; without privilege it exits 4."""
    before = snapshot(empty)
    found = report(empty, "doctor", "--output", "json")
    alone = pillion_init(empty, "doctor", prefix=limited(""))

    assert snapshot(empty) == before
    assert (found["backend"], set(found["backends"].values())) == ("nft", {"usable"})
    assert found["legacy_tables"] == {"ipv4": "none", "ipv6": "none"}
    assert alone.returncode == 4
    assert "capability NET_ADMIN is missing" in alone.stdout


def test_a_network_namespace_can_be_entered(empty: str) -> None:
    """--network-namespace applies the rules where the path says."""
    words = ("apply", *CAPTURE, "--network-namespace", f"/run/netns/{empty}")
    done = subprocess.run(
        [PYTHON, "-B", "-m", "initcontainer", *words],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "inet pillion" in snapshot(empty)["nft -s list ruleset"]
