"""Lists what is in an image as an SPDX document: Debian packages, Python's, and Go modules."""

import hashlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from tests.images.times import EPOCH

_GO_MODULE = re.compile(r"^\t(?:mod|dep|=>)\t(?P<module>\S+)\t(?P<version>\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, order=True)
class Material:
    """One thing that an image is made of; `kind` is the type of a package URL."""

    kind: str
    name: str
    version: str

    @property
    def url(self) -> str:
        """Return the package URL."""
        name = f"debian/{self.name}" if self.kind == "deb" else self.name
        return f"pkg:{self.kind}/{name}@{self.version}"


def materials(root: Path) -> tuple[Material, ...]:
    """Return what the file system at `root` was made of, as its own records say, sorted."""
    found = {*_debian_packages(root), *_python_packages(root), *_go_modules(root)}
    return tuple(sorted(found))


def spdx_document(name: str, digest: str, contents: tuple[Material, ...]) -> dict[str, Any]:
    """Return the SPDX 2.3 document of the image `name` with that digest."""
    image = "SPDXRef-image"
    packages = [_package(each) for each in contents]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://pillion.invalid/spdx/{name}/{digest}",
        "creationInfo": {
            "created": datetime.fromtimestamp(EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "creators": ["Tool: pillion-images"],
        },
        "packages": [
            {
                "SPDXID": image,
                "name": name,
                "versionInfo": digest,
                "downloadLocation": "NOASSERTION",
                "filesAnalyzed": False,
            },
            *packages,
        ],
        "relationships": [
            _relation("SPDXRef-DOCUMENT", "DESCRIBES", image),
            *(_relation(image, "CONTAINS", each["SPDXID"]) for each in packages),
        ],
    }


def _package(material: Material) -> dict[str, Any]:
    reference = {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": material.url,
    }
    return {
        "SPDXID": f"SPDXRef-{hashlib.sha256(material.url.encode()).hexdigest()[:16]}",
        "name": material.name,
        "versionInfo": material.version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "externalRefs": [reference],
    }


def _relation(one: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def _debian_packages(root: Path) -> Iterator[Material]:
    """Read dpkg's record, which images without a package manager keep one package a file."""
    records = root / "var/lib/dpkg"
    for path in (records / "status", *sorted(records.glob("status.d/*"))):
        text = path.read_text() if path.is_file() else ""
        for paragraph in filter(str.strip, text.split("\n\n")):
            fields = HeaderParser().parsestr(paragraph.lstrip("\n"))
            yield Material("deb", str(fields["Package"]), str(fields["Version"]))


def _python_packages(root: Path) -> Iterator[Material]:
    for path in root.glob("**/*.dist-info/METADATA"):
        fields = HeaderParser().parsestr(path.read_text())
        name = re.sub(r"[-_.]+", "-", str(fields["Name"])).lower()
        yield Material("pypi", name, str(fields["Version"]))


def _go_modules(root: Path) -> Iterator[Material]:
    """Read what Go records in its programs; a system without Go has built none of them."""
    try:
        done = subprocess.run(
            ["go", "version", "-m", str(root)],
            capture_output=True, text=True, check=False, cwd="/", timeout=120,
        )  # fmt: skip
    except FileNotFoundError:
        return
    for found in _GO_MODULE.finditer(done.stdout):
        yield Material("golang", found["module"], found["version"])
