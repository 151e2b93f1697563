"""Hypothesis strategies of command lines: valid ones, and arbitrary text where values belong."""

from __future__ import annotations

from hypothesis import strategies as st

from initcontainer.options import CAPTURE_OPTIONS

INTERVAL = st.tuples(st.integers(1, 65535), st.integers(0, 40)).map(
    lambda pair: f"{pair[0]}-{min(65535, sum(pair))}" if pair[1] else str(pair[0])
)
PORT_LIST = st.lists(INTERVAL, max_size=20).map(",".join)
ADDRESS = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))
NETWORK = ADDRESS.flatmap(
    lambda address: st.integers(0, address.max_prefixlen).map(lambda size: f"{address}/{size}")
)
NETWORK_LIST = st.lists(NETWORK, max_size=5).map(",".join)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_.-"
INTERFACE = st.tuples(st.sampled_from("abcxyz"), st.text(LETTERS, max_size=13)).flatmap(
    lambda parts: st.sampled_from(["".join(parts), "".join(parts) + "+"])
)
INTERFACES = st.lists(INTERFACE, max_size=3).map(",".join)
IDS = st.lists(st.integers(0, 70000).map(str), min_size=1, max_size=5).map(",".join)
EXEMPTION = st.builds(
    lambda protocol, ports, users: f"{protocol}{ports or '*'}:{users}",
    st.sampled_from(["", "tcp:", "udp:"]), PORT_LIST, IDS,
)  # fmt: skip
SWITCH = st.sampled_from(["true", "false"])
VALUES = {
    "interception-mode": st.sampled_from(["REDIRECT", "TPROXY"]),
    "include-inbound-ports": st.just("*") | PORT_LIST,
    "exclude-inbound-ports": PORT_LIST,
    "exclude-inbound-cidrs": NETWORK_LIST,
    "include-outbound-cidrs": st.just("*") | NETWORK_LIST,
    "exclude-outbound-cidrs": NETWORK_LIST,
    "include-outbound-ports": PORT_LIST,
    "exclude-outbound-ports": PORT_LIST,
    "exclude-outbound-udp-ports": PORT_LIST,
    "exclude-outbound-for-uids": st.lists(EXEMPTION, max_size=3).map(";".join),
    "exclude-interfaces": INTERFACES,
    "virtual-interfaces": INTERFACES,
    "include-owner-groups": st.just("*") | IDS,
    "exclude-owner-groups": IDS,
    "proxy-uid": IDS,
    "proxy-gid": IDS,
    "redirect-dns": SWITCH,
    "capture-all-dns": st.just("true"),
    "drop-invalid": SWITCH,
    "loopback-cidr": st.sampled_from(["127.0.0.1/32", "127.0.0.0/8", "127.0.0.1/16"]),
    "ipv6": st.sampled_from(["auto", "on", "off", "reject"]),
}
VALID = st.fixed_dictionaries({}, optional=VALUES).map(
    lambda chosen: [f"--{flag}={text}" for flag, text in chosen.items()]
)
HOSTILE = st.text(max_size=30) | st.sampled_from(
    ['80"; flush ruleset; #', "$(reboot)", "80\nCOMMIT\n*filter", "-j ACCEPT", "`id`", "80}", "\0"]
)
ARBITRARY = st.lists(
    st.tuples(st.sampled_from([o.flags[0] for o in CAPTURE_OPTIONS]), HOSTILE), max_size=5
).map(lambda pairs: [f"--{flag}={text}" for flag, text in pairs])
