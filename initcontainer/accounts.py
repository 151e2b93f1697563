"""Accounts and resolvers of the container image, read from files: no name service is asked."""

from __future__ import annotations

from initcontainer.frozen import value
from initcontainer.ranges import parse_number

PASSWD = "/etc/passwd"  # noqa: S105
GROUP = "/etc/group"
RESOLV_CONF = "/etc/resolv.conf"


@value
class Image:
    """The files of a container image; `root` lets tests use a directory of their own."""

    root: str = ""

    def user(self, name: str) -> int | None:
        """Give an account's number, None when the image has no such account."""
        return self._third_field(PASSWD, name)

    def group(self, name: str) -> int | None:
        """Give a group's number, None when the image has no such group."""
        return self._third_field(GROUP, name)

    def nameservers(self) -> tuple[str, ...]:
        """Give the addresses on resolv.conf's nameserver lines, scope removed."""
        fields = [line.split() for line in self._lines(RESOLV_CONF)]
        found = [f[1] for f in fields if len(f) > 1 and f[0] == "nameserver"]
        return tuple(address.partition("%")[0] for address in found)

    def _third_field(self, path: str, name: str) -> int | None:
        for line in self._lines(path):
            fields = line.split(":")
            if len(fields) > 2 and fields[0] == name:
                return parse_number(fields[2])
        return None

    def _lines(self, path: str) -> list[str]:
        try:
            with open(self.root + path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                return file.read().splitlines()
        except OSError:
            return []
