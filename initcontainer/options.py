"""The options: every flag, its synonyms in istio-iptables, environment names and default.

Istio's environment names are its long flag names in upper snake case
(tools/istio-iptables/pkg/cmd/root.go); a flag on the command line wins over the environment.
"""

from __future__ import annotations

from initcontainer.frozen import value


@value
class Option:
    """One setting; `flags` are long names, ours first; `switch` takes no value or =true/false."""

    flags: tuple[str, ...]
    help: str
    short: str = ""
    environment: tuple[str, ...] = ()
    default: str = ""
    switch: bool = False
    repeats: bool = False


def option(
    flags: str, help_text: str, *, short: str = "", env: str = "", default: str = ""
) -> Option:
    """Describe an option with a value; names are separated by spaces."""
    names, environment = tuple(flags.split()), tuple(env.split())
    return Option(
        flags=names, help=help_text, short=short, environment=environment, default=default
    )


def switch(flags: str, help_text: str, *, short: str = "", env: str = "") -> Option:
    """Describe an option that is on or off."""
    names, environment = tuple(flags.split()), tuple(env.split())
    return Option(
        flags=names,
        help=help_text,
        short=short,
        environment=environment,
        default="false",
        switch=True,
    )


CAPTURE_OPTIONS = (
    option("proxy-outbound-port envoy-port", "outbound listener", short="p", default="15001"),
    option(
        "proxy-inbound-port inbound-capture-port",
        "inbound listener",
        short="z",
        env="INBOUND_CAPTURE_PORT",
        default="15006",
    ),
    option(
        "inbound-tunnel-port",
        "HBONE port, never captured",
        short="e",
        env="INBOUND_TUNNEL_PORT",
        default="15008",
    ),
    option(
        "proxy-uid",
        "users of the proxy; default: the account $ENVOY_USER, else 1337",
        short="u",
        env="PROXY_UID",
    ),
    option(
        "proxy-gid", "groups of the proxy; default: the users' numbers", short="g", env="PROXY_GID"
    ),
    option(
        "interception-mode istio-inbound-interception-mode",
        "REDIRECT, TPROXY or NONE",
        short="m",
        env="ISTIO_INBOUND_INTERCEPTION_MODE",
        default="REDIRECT",
    ),
    option(
        "include-inbound-ports istio-inbound-ports",
        "* or ports to capture; empty: none",
        short="b",
        env="ISTIO_INBOUND_PORTS",
    ),
    option(
        "exclude-inbound-ports istio-local-exclude-ports",
        "ports that * leaves alone; ignored when ports are listed",
        short="d",
        env="ISTIO_LOCAL_EXCLUDE_PORTS",
    ),
    option("exclude-inbound-cidrs", "source networks whose connections are not captured"),
    option(
        "include-outbound-cidrs istio-service-cidr",
        "* or networks to capture; empty: none",
        short="i",
        env="ISTIO_SERVICE_CIDR",
    ),
    option(
        "exclude-outbound-cidrs istio-service-exclude-cidr",
        "networks that are never captured",
        short="x",
        env="ISTIO_SERVICE_EXCLUDE_CIDR",
    ),
    option(
        "include-outbound-ports istio-outbound-ports",
        "ports captured whatever the address",
        short="q",
        env="ISTIO_OUTBOUND_PORTS",
    ),
    option(
        "exclude-outbound-ports istio-local-outbound-ports-exclude",
        "TCP and UDP ports that are never captured",
        short="o",
        env="ISTIO_LOCAL_OUTBOUND_PORTS_EXCLUDE",
    ),
    option("exclude-outbound-udp-ports", "UDP ports that DNS capture leaves alone"),
    Option(
        flags=("exclude-outbound-for-uids",),
        repeats=True,
        help="[tcp:|udp:]PORTS:USERS not captured; PORTS may be *; repeatable, or separated by ;",
    ),
    option(
        "exclude-interfaces istio-exclude-interfaces",
        "interfaces left alone, both directions",
        short="c",
        env="ISTIO_EXCLUDE_INTERFACES",
    ),
    option(
        "virtual-interfaces kube-virt-interfaces",
        "interfaces of virtual machines, whose traffic is outbound",
        short="k",
        env="KUBE_VIRT_INTERFACES",
    ),
    option(
        "include-owner-groups",
        "* or the only groups whose traffic is captured",
        env="ISTIO_OUTBOUND_OWNER_GROUPS",
        default="*",
    ),
    option(
        "exclude-owner-groups",
        "groups whose traffic is not captured",
        env="ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE",
    ),
    option(
        "loopback-cidr",
        "IPv4 network that means localhost",
        env="ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR",
        default="127.0.0.1/32",
    ),
    option(
        "tproxy-mark istio-inbound-tproxy-mark",
        "mark of TPROXY packets",
        short="t",
        env="ISTIO_INBOUND_TPROXY_MARK",
        default="1337",
    ),
    option(
        "tproxy-table istio-inbound-tproxy-route-table",
        "routing table of TPROXY",
        short="r",
        env="ISTIO_INBOUND_TPROXY_ROUTE_TABLE",
        default="133",
    ),
    switch(
        "redirect-dns", "send DNS to the agent's port", env="REDIRECT_DNS ISTIO_META_DNS_CAPTURE"
    ),
    switch(
        "capture-all-dns", "all DNS, not only to the servers of resolv.conf", env="CAPTURE_ALL_DNS"
    ),
    option("dns-capture-port", "the agent's DNS port", default="15053"),
    switch("drop-invalid", "drop packets conntrack calls invalid", env="DROP_INVALID INVALID_DROP"),
    option("ipv6", "auto, on, off or reject", default="auto"),
    switch(
        "dual-stack",
        "istio-iptables: accepted, both families are the default",
        env="DUAL_STACK ISTIO_DUAL_STACK",
    ),
)
RUN_OPTIONS = (
    option("backend", "auto (nft, then iptables-nft), nft, iptables-nft or legacy", default="auto"),
    option("output", "text or json", default="text"),
    option("deadline", "seconds for the whole run", default="60"),
    option("command-timeout", "seconds for one command", default="15"),
    option(
        "termination-log",
        "file for the result, written when it exists",
        default="/dev/termination-log",
    ),
    switch("self", "validate: only what needs no capability"),
    switch("check", "plan: exit 3 when the kernel differs"),
    option(
        "probe-port iptables-probe-port",
        "validate: port that is connected to",
        env="IPTABLES_PROBE_PORT",
        default="15002",
    ),
    option(
        "probe-timeout", "validate: wait for a connection, as 5s", env="PROBE_TIMEOUT", default="5s"
    ),
    option("network-namespace", "path of the network namespace to enter", env="NETWORK_NAMESPACE"),
    switch("dry-run", "istio-iptables: same as plan", short="n", env="DRY_RUN"),
    switch("skip-rule-apply", "istio-iptables: apply nothing", env="SKIP_RULE_APPLY"),
    switch("run-validation", "istio-iptables: then validate --self", env="RUN_VALIDATION"),
    switch("cleanup-only", "istio-iptables: same as cleanup", env="CLEANUP_ONLY"),
    switch("native-nftables", "istio-iptables: same as --backend nft", env="NATIVE_NFTABLES"),
    option(
        "force-iptables-binary",
        "istio-iptables: nft or legacy, same as --backend",
        env="FORCE_IPTABLES_BINARY",
    ),
    switch("reconcile", "istio-iptables: accepted, always so", env="RECONCILE"),
    switch("force-apply", "istio-iptables: accepted, an equal state stays", env="FORCE_APPLY"),
    switch("cni-mode", "istio-iptables: accepted, the lock is always the pod's", env="CNI_MODE"),
    switch("log_as_json vklog", "istio-iptables: accepted, no effect"),
    option(
        "log_output_level log_caller log_stacktrace_level log_target log_rotate",
        "istio-iptables: accepted, no effect",
    ),
)
OPTIONS = CAPTURE_OPTIONS + RUN_OPTIONS
