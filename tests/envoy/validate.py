"""Envoy's own judgement of an argument list: `--mode validate`."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tests.envoy.binary import envoy
from tests.envoy.kubelet import expanded
from webhook.bootstrap.arguments import OVERRIDE_DIRECTORY, OVERRIDE_FILE
from webhook.model import names

ENVIRONMENT = {
    "POD_NAME": "web-5f7d8b9c6d-x2x4z",
    "POD_NAMESPACE": "shop",
    "POD_IP": "10.244.1.23",
    "POD_IPS": "10.244.1.23,fd00:10:244:1::17",
    "NODE_NAME": "worker-1",
    "SERVICE_ACCOUNT": "web",
}
"""What kubelet would put in for the references of `bootstrap.arguments.environment`."""

ROOT = Path(__file__).with_name("root-cert.pem")
"""A certificate authority that signs nothing; made once, its key thrown away."""


def validate(
    argv: list[str], environment: dict[str, str] | None = None, *, override: str = "{}"
) -> None:
    """Let an argument list pass, as it stands in a manifest, that stock Envoy would start with.

    The volumes that the pod would mount are a directory of this call.

    Args:
        argv: the container's `args`, before kubelet's expansion.
        environment: the variables; by default `ENVIRONMENT`.
        override: what a user's own bootstrap ConfigMap would hold.

    Raises:
        AssertionError: Envoy refuses it; the message is Envoy's.
    """
    arguments = expanded(argv, ENVIRONMENT if environment is None else environment)
    with tempfile.TemporaryDirectory() as mounted:
        done = subprocess.run(
            [envoy(), "--mode", "validate", *remounted(arguments, Path(mounted), override)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    # Envoy repeats the whole document after the reason.
    assert done.returncode == 0, f"Envoy refuses: {done.stderr[:2000]}"


def remounted(
    arguments: list[str], mounted: Path, override: str = "{}", root: str | None = None
) -> list[str]:
    """Return expanded arguments whose mount paths lie below a directory, with the files there."""
    files = {
        f"{names.ROOT_DIRECTORY}/{names.ROOT_FILE}": root or ROOT.read_text(),
        f"{names.TOKEN_DIRECTORY}/{names.TOKEN_FILE}": "no-token-of-any-cluster",
        f"{OVERRIDE_DIRECTORY}/{OVERRIDE_FILE}": override,
    }
    for path, text in files.items():
        file = mounted / Path(path).name
        file.write_text(text)
        arguments = [argument.replace(path, str(file)) for argument in arguments]
    return arguments
