"""Runs commands in a root file system as a container build does, leaving no mount behind."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.images.errors import ImageError

SOURCES = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))
"""Where the machine says from where it takes Debian's packages; the first that exists counts."""

_COMMAND_SECONDS = 1800
_LENT = "/run/pillion"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NAME_FILES = ("resolv.conf", "hosts")

# All mounts end with the namespace, and the namespace with the command, however that ends.
_SCRIPT = """
set -eu
root=$1 lent=$2 mounts=$3
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir "$root/run/pillion" "$root/run/lock"
mount --bind "$lent" "$root/run/pillion"
printf '%s' "$mounts" | while IFS='|' read -r from to; do
  mount --bind "$from" "$root$to"
done
exec chroot "$root" /bin/sh -e -c "$4"
"""


def run_in(
    root: Path, command: str, *, environment: Mapping[str, str], mounts: Mapping[str, Path]
) -> None:
    """Run `sh -c command` as root in the file system at `root`, with the machine's network.

    Args:
        root: the file system; it needs a shell.
        command: what to run.
        environment: variables beside PATH and those by which the machine reaches packages.
        mounts: folders of the machine, by the place where the command sees them.

    Raises:
        ImageError: the command failed; its output is in the message.
    """
    with tempfile.TemporaryDirectory(prefix="pillion-lent-") as lent:
        lend_package_settings(Path(lent))
        added = _add_mount_points(root, mounts)
        try:
            _run(root, command, environment, {**_name_files(root), **mounts}, lent)
        finally:
            for path in added:
                path.unlink()


def _add_mount_points(root: Path, mounts: Mapping[str, Path]) -> list[Path]:
    for place in mounts:
        (root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
    absent = [root / "etc" / name for name in _NAME_FILES if not (root / "etc" / name).exists()]
    for path in absent:
        path.touch()
    return absent


def _name_files(root: Path) -> dict[str, Path]:
    files = [Path("/etc", name) for name in _NAME_FILES]
    return {str(path): path for path in files if path.exists()}


def _run(
    root: Path,
    command: str,
    environment: Mapping[str, str],
    mounts: Mapping[str, Path],
    lent: str,
) -> None:
    lines = "".join(f"{path}|{place}\n" for place, path in mounts.items())
    words = [
        *("unshare", "--mount", "--pid", "--fork", "--kill-child"),
        *("sh", "-c", _SCRIPT, "build", str(root), lent, lines, command),
    ]
    done = subprocess.run(
        words,
        env={"PATH": _PATH, **_machine_environment(), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_COMMAND_SECONDS,
    )
    if done.returncode != 0:
        raise ImageError(f"image build: {command[:80]!r} failed:\n{done.stdout}{done.stderr}")


def lend_package_settings(folder: Path) -> None:
    """Put the settings by which this machine reaches package archives into `folder`."""
    parts = folder / "sources.list.d"
    parts.mkdir()
    sources = debian_sources()
    shutil.copy(sources, parts / ("debian.sources" if sources.suffix else "debian.list"))
    (folder / "apt.conf").write_text(_apt_settings())
    for name, path in (("pip.conf", Path("/etc/pip.conf")), ("ca.crt", _authorities())):
        if path.is_file():
            shutil.copy(path, folder / name)


def debian_sources() -> Path:
    """Return the file that says from where this machine takes Debian's packages."""
    for path in SOURCES:
        if path.is_file():
            return path
    raise ImageError(f"no Debian sources: expected {' or '.join(map(str, SOURCES))}")


def _apt_settings() -> str:
    """Return how this machine fetches packages, and that downloads stay out of the image."""
    done = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True)
    fetching = [line for line in done.stdout.splitlines() if line.startswith("Acquire::")]
    own = [
        f'Dir::Etc::SourceParts "{_LENT}/sources.list.d";',
        'Dir::Etc::SourceList "/dev/null";',
        'APT::Sandbox::User "root";',
    ]
    return "\n".join([*fetching, *own, ""])


def _authorities() -> Path:
    return Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))


def _machine_environment() -> dict[str, str]:
    """Return the variables by which commands find package archives from this machine."""
    passed: Sequence[str] = (
        "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
        "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_DEFAULT_TIMEOUT",
    )  # fmt: skip
    found = {name: os.environ[name] for name in passed if name in os.environ}
    return {
        **found,
        "HOME": "/root",
        "DEBIAN_FRONTEND": "noninteractive",
        "APT_CONFIG": f"{_LENT}/apt.conf",
        "PIP_CONFIG_FILE": f"{_LENT}/pip.conf",
        "PIP_CERT": f"{_LENT}/ca.crt",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "GOTOOLCHAIN": "local",
    }
