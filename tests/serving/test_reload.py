"""A changed configuration is taken whole or not at all, and a bad one is seen."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.serving.polling import wait_until
from tests.serving.program import Program, running_program
from tests.serving.reviews import body, patch_of
from webhook.model.errors import ConfigurationError
from webhook.model.settings import Settings
from webhook.serving.metrics import Metrics
from webhook.serving.reload import Configuration

JSON = {"content-type": "application/json"}


class Mounted:
    """A directory as kubelet mounts a ConfigMap: files are links through `..data`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._version = 0
        self.file = directory / "config.yaml"

    def write(self, text: str) -> None:
        """Replace the content as kubelet does: a new directory, then one rename."""
        self._version += 1
        version = self._directory / f"..version-{self._version}"
        version.mkdir(parents=True)
        (version / "config.yaml").write_text(text)
        link = self._directory / "..data_tmp"
        link.symlink_to(version.name)
        link.replace(self._directory / "..data")
        if not self.file.is_symlink():
            self.file.symlink_to("..data/config.yaml")


@pytest.fixture
def mounted(tmp_path: Path) -> Mounted:
    """Return a mounted configuration with one setting."""
    mounted = Mounted(tmp_path / "mounted")
    mounted.write("proxy: {image: example.test/envoy:1}\n")
    return mounted


def image(client: httpx.Client) -> str:
    """Return the image of the proxy that is injected now."""
    patch = patch_of(client.post("/inject", content=body(), headers=JSON).content)
    (containers,) = (step["value"] for step in patch if step["path"] == "/spec/initContainers")
    (proxy,) = (each for each in containers if each["name"] == "istio-proxy")
    return str(proxy["image"])


def test_new_configuration_is_used_without_a_restart(tmp_path: Path, mounted: Mounted) -> None:
    """After the swap of `..data` the next pods get the new image, and the hash changes."""
    with running_program(tmp_path, "--config", str(mounted.file)) as program:
        with program.client() as client:
            assert image(client) == "example.test/envoy:1"
            before = client.get("/version").json()["configurationHash"]
            mounted.write("proxy: {image: example.test/envoy:2}\n")
            wait_until(lambda: image(client) == "example.test/envoy:2", "the new image")
            assert client.get("/version").json()["configurationHash"] != before
        assert "pillion_configuration_generation 2.0" in program.metrics()


def test_bad_configuration_is_shown_and_the_last_good_one_kept(
    tmp_path: Path, mounted: Mounted
) -> None:
    """Mistakes appear in log, metric and verbose readiness, while pods are injected as before."""
    with running_program(tmp_path, "--config", str(mounted.file)) as program:
        with program.client() as client:
            mounted.write("proxy: {image: 7, concurrency: two}\n")
            wait_until(lambda: bool(program.lines("configuration refused")), "the refusal")
            assert image(client) == "example.test/envoy:1"
            ready = client.get("/readyz?verbose")
            assert ready.status_code == 200
            assert "[!] configuration: the last good one is in use; " in ready.text
            assert "proxy.concurrency" in ready.text
            _expect(program, "pillion_configuration_last_reload_successful 0.0")
            mounted.write("proxy: {image: example.test/envoy:3}\n")
            wait_until(lambda: image(client) == "example.test/envoy:3", "the new image")
            assert "[+] configuration ok" in client.get("/readyz?verbose").text
            _expect(program, "pillion_configuration_last_reload_successful 1.0")
        (line,) = program.lines("configuration refused")
        assert len(line["mistakes"]) == 2


def test_bad_configuration_stops_a_start_with_every_mistake(tmp_path: Path) -> None:
    """A process that has no last good configuration says all mistakes and ends."""
    file = tmp_path / "config.yaml"
    file.write_text("proxy: {image: 7, concurrency: two}\nunknown: 1\n")
    program = Program(tmp_path, "--config", str(file))
    try:
        assert program.process.wait(60) == 1
    finally:
        program.process.kill()
    text = program.log.read_text()
    complaints = [line for line in text.splitlines() if line.startswith("pillion: ")]
    assert len(complaints) == 3
    assert "Traceback" not in text


class Steps:
    """What was adopted, in order."""

    def __init__(self) -> None:
        self.images: list[str] = []

    def __call__(self, settings: Settings) -> None:
        """Adopt."""
        if settings.proxy.image == "no-engine":
            raise ConfigurationError(("overlays: cannot be applied",))
        self.images.append(settings.proxy.image)


def test_change_counts_once_it_has_settled(mounted: Mounted) -> None:
    """A file that changes between two looks is not adopted before it stays the same."""
    adopted = Steps()
    configuration = Configuration(mounted.file, adopted, Metrics())
    for version in range(2, 6):
        mounted.write(f"proxy: {{image: 'example.test/envoy:{version}'}}\n")
        configuration.step()
    assert adopted.images == ["example.test/envoy:1"]
    configuration.step()
    assert adopted.images == ["example.test/envoy:1", "example.test/envoy:5"]
    configuration.step()
    assert configuration.generation == 2


@pytest.mark.parametrize("damage", ["gone", "no-utf8", "no-engine", "directory"])
def test_every_damage_keeps_the_last_good_one(
    mounted: Mounted, damage: str, tmp_path: Path
) -> None:
    """A file that vanished, is no text, or of which no engine can be made, is refused once."""
    adopted, announced = Steps(), list[str]()
    configuration = Configuration(mounted.file, adopted, Metrics(), announced.append)
    mounted.file.unlink()
    match damage:
        case "no-utf8":
            mounted.file.write_bytes(b"\xff")
        case "no-engine":
            mounted.file.write_text("proxy: {image: no-engine}")
        case "directory":
            mounted.file.mkdir()
        case _:
            pass
    for _ in range(5):
        configuration.step()
    assert adopted.images == ["example.test/envoy:1"]
    assert len(announced) == 1
    finding = configuration.condition()
    assert finding is not None
    assert not finding.blocks


def _expect(program: Program, line: str) -> None:
    assert line in program.metrics().splitlines()
