"""Scenarios: one set of flags per situation that istio-iptables' own goldens cover.

The names are Istio's (tools/istio-iptables/pkg/capture/run_test.go and istio-nftables' twin), the
inputs ours; `files` stands for the files of the image that the flags make the program read.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Flags, environment and image files."""

    flags: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


RESOLVER = {"/etc/resolv.conf": "search svc.cluster.local\nnameserver 10.96.0.10\n"}
BOTH_RESOLVERS = {"/etc/resolv.conf": "nameserver 10.96.0.10\nnameserver fd96::a\n"}
GROUPS = {"/etc/group": "root:x:0:\njava:x:201:\nftp:x:205:\n"}
SEVERAL = ("-u", "3,4", "-g", "1,2")
NETS = ("-x", "2001:db8:1::/48", "-i", "2001:db8::/32")

SCENARIOS = {
    "ipv6-empty-inbound-ports": Scenario(flags=("-b", "", "--ipv6", "on")),
    "ip-range": Scenario(
        flags=("-x", "10.1.0.0/16", "-i", "10.0.0.0/8", *SEVERAL, "--redirect-dns"), files=RESOLVER
    ),
    "tproxy": Scenario(
        flags=(
            "-m",
            "TPROXY",
            "-b",
            "*",
            "-x",
            "10.1.0.0/16",
            "-i",
            "10.0.0.0/8",
            "-c",
            "net1",
            "--redirect-dns",
        ),
        files=RESOLVER,
    ),
    "ipv6-inbound-ports": Scenario(flags=("-b", "4001,5001-5003")),
    "ipv6-virt-interfaces": Scenario(flags=("-b", "4001", "-k", "vm0,vm1")),
    "ipv6-ipnets": Scenario(flags=("-b", "4001", "-d", "6001,", "-k", "vm0", *NETS)),
    "ipv6-uid-gid": Scenario(flags=("-b", "4001", "-k", "vm0,vm1", *SEVERAL, *NETS)),
    "ipv6-outbound-ports": Scenario(flags=("-b", "", "-q", "3306,5432")),
    "empty": Scenario(),
    "kube-virt-interfaces": Scenario(flags=("-k", "vm1,vm2", "-i", "*")),
    "ipnets": Scenario(flags=("-i", "172.16.0.0/12")),
    "ipnets-with-kube-virt-interfaces": Scenario(flags=("-k", "vm1", "-i", "172.16.0.0/12")),
    "inbound-ports-include": Scenario(flags=("-b", "8080,8443")),
    "inbound-ports-wildcard": Scenario(flags=("-b", "*")),
    "inbound-ports-tproxy": Scenario(flags=("-b", "8080,8443", "-m", "TPROXY")),
    "inbound-ports-wildcard-tproxy": Scenario(flags=("-b", "*", "-m", "TPROXY")),
    "inbound-ports-empty-tproxy": Scenario(flags=("-b", "", "-m", "TPROXY")),
    "dns-uid-gid": Scenario(flags=(*SEVERAL, "--redirect-dns"), files=BOTH_RESOLVERS),
    "ipv6-dns-uid-gid": Scenario(flags=(*SEVERAL, "--redirect-dns", "--capture-all-dns")),
    "outbound-owner-groups": Scenario(
        environment={"ISTIO_OUTBOUND_OWNER_GROUPS": "java,202"}, files=GROUPS
    ),
    "outbound-owner-groups-exclude": Scenario(
        environment={"ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE": "888,ftp"}, files=GROUPS
    ),
    "ipv6-dns-outbound-owner-groups": Scenario(
        flags=("--redirect-dns",),
        environment={"ISTIO_OUTBOUND_OWNER_GROUPS": "java,202"},
        files=GROUPS | BOTH_RESOLVERS,
    ),
    "ipv6-dns-outbound-owner-groups-exclude": Scenario(
        flags=("--redirect-dns",),
        environment={"ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE": "888,ftp"},
        files=GROUPS | BOTH_RESOLVERS,
    ),
    "outbound-ports-include": Scenario(flags=("-q", "3306,5432,9000-9100")),
    "loopback-outbound-iprange": Scenario(
        flags=("-i", "127.1.2.3/32", *SEVERAL, "--redirect-dns"), files=RESOLVER
    ),
    "basic-exclude-nic": Scenario(flags=("-c", "net1,macvlan+", "-i", "*", "-b", "*")),
    "drop-invalid": Scenario(flags=("--drop-invalid",)),
    "host-ipv4-loopback-cidr": Scenario(
        environment={"ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR": "127.0.0.1/8"}
    ),
    # Ours, beyond Istio's.
    "as-injected": Scenario(
        flags=(
            "--proxy-outbound-port",
            "15001",
            "--proxy-inbound-port",
            "15006",
            "--proxy-uid",
            "1337",
            "--interception-mode",
            "REDIRECT",
            "--include-outbound-cidrs",
            "*",
            "--exclude-outbound-cidrs",
            "",
            "--include-inbound-ports",
            "*",
            "--exclude-inbound-ports",
            "15090,15021,15020",
            "--backend",
            "auto",
            "--ipv6",
            "auto",
        )
    ),
    "ipv6-reject": Scenario(flags=("-b", "*", "-i", "*", "--ipv6", "reject")),
    "ipv6-off": Scenario(flags=("-b", "*", "-i", "*", "--ipv6", "off")),
    "mode-none": Scenario(flags=("-b", "*", "-i", "*", "-m", "NONE")),
    "many-ports": Scenario(
        flags=("-b", "*", "-d", ",".join(str(port) for port in range(9000, 9080, 2)), "-i", "*")
    ),
    "exemptions": Scenario(
        flags=(
            "-b",
            "*",
            "-i",
            "*",
            "-o",
            "25,587",
            "--exclude-outbound-udp-ports",
            "53",
            "--exclude-outbound-for-uids",
            "tcp:443,8000-8010:1000-1999;*:2000",
            "--exclude-inbound-cidrs",
            "10.9.0.0/16,fd09::/64",
            "--redirect-dns",
            "--capture-all-dns",
        )
    ),
    "whole-families": Scenario(flags=("-i", "0.0.0.0/0,::/0", "-b", "*")),
}
