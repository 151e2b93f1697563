"""Command lines: our flags, istio-iptables' flags and environment, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from initcontainer.accounts import Image
from initcontainer.arguments import read_arguments
from initcontainer.capture import Capture
from initcontainer.mistakes import UsageError
from initcontainer.options import OPTIONS
from initcontainer.program import Request, read_request

NO_FILES = Image(root="/nonexistent")
OURS = (
    "apply", "--proxy-outbound-port=15001", "--proxy-inbound-port=15006", "--proxy-uid=1337",
    "--interception-mode=REDIRECT", "--include-outbound-cidrs=*",
    "--exclude-outbound-cidrs=10.0.0.0/8", "--include-inbound-ports=*",
    "--exclude-inbound-ports=15090,15021", "--include-outbound-ports=5432",
    "--exclude-outbound-ports=25", "--exclude-interfaces=net1", "--virtual-interfaces=vm0",
)  # fmt: skip
ISTIO_SHORT = (
    "istio-iptables", "-p", "15001", "-z", "15006", "-u", "1337", "-m", "REDIRECT", "-i", "*",
    "-x", "10.0.0.0/8", "-b", "*", "-d", "15090,15021", "-q", "5432", "-o", "25", "-c", "net1",
    "-k", "vm0", "--log_output_level=default:info", "--log_as_json", "--force-apply",
)  # fmt: skip
ISTIO_LONG = (
    "--envoy-port", "15001", "--inbound-capture-port=15006", "--proxy-uid", "1337",
    "--istio-inbound-interception-mode", "REDIRECT", "--istio-service-cidr", "*",
    "--istio-service-exclude-cidr", "10.0.0.0/8", "--istio-inbound-ports=*",
    "--istio-local-exclude-ports", "15090,15021", "--istio-outbound-ports", "5432",
    "--istio-local-outbound-ports-exclude=25", "--istio-exclude-interfaces", "net1",
    "--kube-virt-interfaces", "vm0", "--reconcile=false", "--dual-stack",
)  # fmt: skip
ISTIO_ENVIRONMENT = {
    "INBOUND_CAPTURE_PORT": "15006",
    "PROXY_UID": "1337",
    "ISTIO_INBOUND_INTERCEPTION_MODE": "REDIRECT",
    "ISTIO_SERVICE_CIDR": "*",
    "ISTIO_SERVICE_EXCLUDE_CIDR": "10.0.0.0/8",
    "ISTIO_INBOUND_PORTS": "*",
    "ISTIO_LOCAL_EXCLUDE_PORTS": "15090,15021",
    "ISTIO_OUTBOUND_PORTS": "5432",
    "ISTIO_LOCAL_OUTBOUND_PORTS_EXCLUDE": "25",
    "ISTIO_EXCLUDE_INTERFACES": "net1",
    "KUBE_VIRT_INTERFACES": "vm0",
}


def request(*words: str, image: Image = NO_FILES, **environment: str) -> Request:
    """Read a whole command line."""
    return read(environment, *words, image=image)


def read(environment: dict[str, str], *words: str, image: Image = NO_FILES) -> Request:
    """Read a command line in an environment."""
    return read_request(read_arguments(words, environment), environment, image)


def mistakes(*words: str, **environment: str) -> tuple[str, ...]:
    """Read a command line that is wrong."""
    with pytest.raises(UsageError) as error:
        read(environment, *words)
    return error.value.mistakes


@pytest.mark.parametrize("words", [ISTIO_SHORT, ISTIO_LONG], ids=["short", "long"])
def test_istio_flags_mean_the_same(words: tuple[str, ...]) -> None:
    """An istio-iptables command line gives the capture that our own flags give."""
    assert request(*words).capture == request(*OURS).capture
    assert request(*words).settings.command == "apply"


def test_istio_environment_means_the_same() -> None:
    """istio-iptables' environment names give the capture that our own flags give."""
    assert read(ISTIO_ENVIRONMENT).capture == request(*OURS).capture


def test_command_line_beats_environment() -> None:
    """A flag wins over its environment name."""
    capture = request("-z", "16006", INBOUND_CAPTURE_PORT="15999").capture

    assert capture.inbound_port == 16006


def test_nothing_given_is_istio_defaults() -> None:
    """Without flags nothing is captured and every number is Istio's."""
    assert request().capture == Capture()


@pytest.mark.parametrize("words", [("-b*",), ("-b=*",), ("-b", "*"), ("--istio-inbound-ports=*",)])
def test_every_spelling_of_a_value_is_read(words: tuple[str, ...]) -> None:
    """Values may be attached to a short flag, follow `=`, or be the next word."""
    assert request(*words).capture.inbound_ports.everything


def test_switches_take_go_truth_values() -> None:
    """A switch is on when bare, and reads Go's spellings after `=`."""
    bare = request("--drop-invalid").capture
    off = request("--drop-invalid=F").capture
    environment = request(INVALID_DROP="True").capture

    assert (bare.drop_invalid, off.drop_invalid, environment.drop_invalid) == (True, False, True)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("--cleanup-only",), "cleanup"),
        (("-n",), "plan"),
        (("--dry-run=true",), "plan"),
        (("verify",), "verify"),
    ],
)
def test_istio_modes_are_commands(words: tuple[str, ...], command: str) -> None:
    """Istio's flags that change what is done name our commands."""
    assert request(*words).settings.command == command


@pytest.mark.parametrize(
    ("words", "backend"),
    [
        ((), "auto"),
        (("--native-nftables",), "nft"),
        (("--force-iptables-binary", "nft"), "iptables-nft"),
        (("--force-iptables-binary=legacy",), "legacy"),
        (("--backend=iptables-nft", "--native-nftables"), "iptables-nft"),
    ],
)
def test_istio_backend_flags_choose_ours(words: tuple[str, ...], backend: str) -> None:
    """Istio's two backend flags count while ours is auto."""
    assert request(*words).settings.backend == backend


def test_all_mistakes_are_said_at_once() -> None:
    """Unknown flags, stray words and wrong values of every kind come in one answer."""
    said = mistakes(
        "apply", "stray", "--nope=1", "-p", "0", "-i", "10.0.0.0/33,x", "-b", "1-99999",
        "-c", "a b", "--backend=x", "--probe-timeout", "never", "-x", "*",
        "--exclude-outbound-for-uids", "80", ISTIO_META_DNS_CAPTURE="maybe",
    )  # fmt: skip

    assert len(said) == 12
    assert any(text.startswith("ISTIO_META_DNS_CAPTURE:") for text in said)
    assert all("got" in text and "expected" in text for text in said)


@pytest.mark.parametrize("word", ["--proxy-uid", "-u", "--backend"])
def test_missing_value_is_a_mistake(word: str) -> None:
    """A flag at the end of the line without its value is named."""
    assert mistakes(word) == (f"{word}: got nothing, expected a value",)


def test_unknown_command_is_a_mistake() -> None:
    """A word that is no command is named with the commands there are."""
    assert mistakes("aply") == (
        'command: got "aply", expected one of apply, plan, verify, validate, cleanup, doctor, '
        "version, help",
    )


def test_flag_names_are_unique() -> None:
    """No two options share a flag, a letter or an environment name."""
    names = [name for option in OPTIONS for name in (*option.flags, *option.environment)]
    letters = [option.short for option in OPTIONS if option.short]

    assert len(names) == len(set(names))
    assert len(letters) == len(set(letters))


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        (("-b", "80,81,82-90,5:7"), "5-7,80-90"),
        (("-b", " 80 , ,443,"), "80,443"),
    ],
)
def test_port_lists_are_normalised(flags: tuple[str, ...], shown: str) -> None:
    """Ranges in both spellings, spaces, empty items and neighbours become one canonical list."""
    assert str(request(*flags).capture.inbound_ports.ranges) == shown


@pytest.mark.parametrize(
    "flags",
    [
        ("-b", "0"), ("-b", "65536"), ("-b", "٣"), ("-b", "+1"), ("-b", "9-8"), ("-b", "1-"),
        ("-b", "*,80"), ("-i", "*,10.0.0.0/8"), ("-i", "10.0.0.0/-1"), ("-i", "::1%lo"),
        ("-i", "1.2.3"), ("-i", "fe80::/129"), ("-u", "root"), ("-u", "4294967295"), ("-u", "-1"),
        ("-c", "+"), ("-c", "sixteen-letters-"), ("-c", 'a"b'), ("-c", "a;b"), ("-c", "-j"),
        ("-k", "é"), ("-m", "redirect"), ("--ipv6", "maybe"), ("-t", "0"), ("-r", "4294967296"),
        ("--loopback-cidr", "10.0.0.0/8"), ("--loopback-cidr", "127.0.0.0/7"),
        ("--loopback-cidr", "::1/128"), ("--deadline", "0"), ("--command-timeout", "1h"),
        ("--exclude-outbound-for-uids", "icmp:80:1"), ("--exclude-outbound-for-uids", "80:"),
        ("--include-owner-groups", "nosuchgroup"), ("--output", "yaml"), ("--probe-port", "0"),
    ],
)  # fmt: skip
def test_wrong_values_are_refused(flags: tuple[str, ...]) -> None:
    """A value out of range, of another kind or with anything executable in it is a mistake."""
    assert len(mistakes(*flags)) == 1


def test_too_many_owner_groups_are_refused() -> None:
    """More included groups than one rule can hold are a mistake, as in istio-iptables."""
    groups = ",".join(str(number) for number in range(0, 130, 2))

    assert "at most 64 groups" in mistakes("--include-owner-groups", groups)[0]


def test_names_are_read_from_the_image_files(tmp_path: Path) -> None:
    """Users and groups may be named, and $ENVOY_USER is looked up, without a name service."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0\nenvoy:x:101:101\n")
    (tmp_path / "etc/group").write_text("java:x:201:\n")
    image = Image(root=str(tmp_path))

    named = request("--include-owner-groups=java", "-u", "envoy,7", image=image).capture
    default = request(image=image, ENVOY_USER="envoy").capture

    assert (str(named.proxy_users), str(named.groups_captured)) == ("7,101", "201")
    assert (str(default.proxy_users), str(default.proxy_groups)) == ("101", "101")


def test_dns_without_servers_is_off_and_said(tmp_path: Path) -> None:
    """With neither servers nor --capture-all-dns DNS is not captured, and a warning says so."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/resolv.conf").write_text("search local\n")
    given = request("--redirect-dns", image=Image(root=str(tmp_path)))

    assert not given.capture.redirect_dns
    assert given.warnings == (
        "DNS is not captured: resolv.conf names no server and --capture-all-dns is off",
    )
