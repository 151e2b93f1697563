"""pillion-init: the kernel rules that send a pod's traffic through its proxy.

Standard library only, and few of its modules: start-up is most of the time a run takes. A map, in
the order in which a run passes through:

    cli > program                      the commands, and what they are built from
    options > arguments > reading      flags and environment -> capture
    capture                            what shall be redirected, typed
    outbound inbound domainnames
    transparent > ruleset              capture -> rules
    rules networks ranges              the values rules are made of
    nftables iptables                  rules -> text
    backends nftbackend
    iptablesbackend > applying         text -> kernel, and back
    commands netlink netfilter routes  how the kernel is reached
    planning verifying validating
    doctor                             the other commands

It shares no code with `webhook`; the command line is the contract between them.
"""

VERSION = "0.1.0"
"""The distribution's version; the image has no metadata to read it from."""
