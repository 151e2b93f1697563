"""The seam between what to apply and how: one Backend per way of writing netfilter rules."""

from __future__ import annotations

from initcontainer import nftables
from initcontainer.closed import StrEnum
from initcontainer.digests import short_digest
from initcontainer.ruleset import Ruleset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Backend(Protocol):
        """Implemented by NftBackend and IptablesBackend; called by apply, plan and verify."""

        name: BackendName

        def holds_ours(self) -> bool:
            """Tell whether anything of ours is there, without creating anything."""

        def is_current(self, ruleset: Ruleset) -> bool:
            """Tell, cheaply, whether exactly this ruleset was applied and nothing changed since."""

        def write(self, ruleset: Ruleset) -> None:
            """Replace what is there by the ruleset, read it back, compare."""

        def differences(self, ruleset: Ruleset) -> tuple[str, ...]:
            """Compare with the kernel line by line, order included; empty when equal."""

        def remove(self) -> None:
            """Remove everything of ours and nothing else."""

        def script(self, ruleset: Ruleset) -> str:
            """Give the text that would be applied to a namespace without our rules."""

        def count(self, ruleset: Ruleset) -> int:
            """Count the rules that the ruleset means for this backend."""


class BackendName(StrEnum):
    """A way to write rules; the value is what reports and flags say."""

    NFT = "nft"
    IPTABLES_NFT = "iptables-nft"
    LEGACY = "legacy"


AUTOMATIC = (BackendName.NFT, BackendName.IPTABLES_NFT)
"""What `auto` tries, in this order: both need NET_ADMIN only. Legacy must be asked for."""


def ruleset_digest(ruleset: Ruleset) -> str:
    """Give the hash that the rules in the kernel carry: of all rules, whatever the backend."""
    listing = nftables.listing(ruleset, "")
    lines = (f"{name} {line}" for name, body in listing.items() for line in body)
    families = " ".join(ruleset.families)
    return short_digest("\n".join((families, repr(ruleset.routing), *lines)))


def line_differences(where: str, wanted: tuple[str, ...], found: tuple[str, ...]) -> list[str]:
    """Say which lines are missing, which are extra, or that only their order differs."""
    said = [f"missing in {where}: {line}" for line in wanted if line not in found]
    said += [f"unexpected in {where}: {line}" for line in found if line not in wanted]
    if not said and wanted != found:
        said.append(f"wrong order or number of rules in {where}")
    return said


def outline(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Give what every version of the programs lists alike: each rule's comment, in order."""
    return tuple(line.partition('comment "')[2].partition('"')[0] for line in lines)
