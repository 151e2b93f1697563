"""Builds images by hand: `python -m tests.images NAME…` prints size, digest and path of each."""

import argparse
import sys
import time
from collections.abc import Sequence

from tests.images.build import IMAGES, built_image
from tests.images.errors import ImageError
from tests.tools.pins import ToolError


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what `arguments` name; 0 when all are there, 1 when one cannot be built."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.images", description="Build OCI archives; print where each is."
    )
    known = sorted(IMAGES)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}")
    names = parser.parse_args(arguments).names or known
    for name in names:
        if name not in IMAGES:
            parser.error(f'got image "{name}", expected one of {", ".join(known)}')
    try:
        for name in names:
            _build(name)
    except (ImageError, ToolError) as error:
        print(f"tests.images: {error}", file=sys.stderr)
        return 1
    return 0


def _build(name: str) -> None:
    started = time.monotonic()
    image = built_image(name)
    seconds = time.monotonic() - started
    size = image.size / 1_000_000
    print(f"{name:10} {size:7.1f} MB {seconds:6.1f} s {image.digest} {image.archive}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
