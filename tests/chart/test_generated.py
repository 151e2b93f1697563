"""Types, values.yaml, schema, presets, alerts and dashboard agree with each other and the code."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from tests.chart import generate, texts
from tests.chart.generate import CHART
from tests.chart.rendering import EXTENSIONS, PRESETS
from tests.chart.schema import schema
from tests.chart.values import Values
from webhook import __version__
from webhook.model import names
from webhook.model.settings import Settings
from webhook.serving.metrics import Metrics

PRESET_NAMES = sorted(path.stem for path in PRESETS.glob("*.yaml"))


def _values() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("path", generate.files(), ids=lambda path: path.name)
def test_is_up_to_date(path: Any) -> None:
    """The file is what the types say now."""
    assert path.read_text(encoding="utf-8") == generate.files()[path]


def test_values_file_is_the_defaults() -> None:
    """What people read in values.yaml is what the types call the default."""
    assert _values() == json.loads(msgspec.json.encode(Values()))


def test_every_value_is_explained() -> None:
    """No key of values.yaml is without a text of at least a few words."""
    for struct in _sections(Values()):
        for member in type(struct).__struct_encode_fields__:
            text = texts.of(type(struct).__name__, member)
            assert len(text) > 10, f"{type(struct).__name__}.{member}"


def _sections(struct: msgspec.Struct) -> list[msgspec.Struct]:
    found = [struct]
    for field in struct.__struct_fields__:
        value = getattr(struct, field)
        if isinstance(value, msgspec.Struct):
            found += _sections(value)
    return found


def test_schema_accepts_the_defaults() -> None:
    """The schema is a valid one, and values.yaml passes it."""
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.Draft202012Validator(schema()).validate(_values())


def test_schema_takes_every_setting() -> None:
    """Every setting of the program but the namespace can be said below `configuration`."""
    settings = json.loads(msgspec.json.encode(Settings()))
    del settings["namespace"]
    validator = jsonschema.Draft202012Validator(schema())
    validator.validate(_values() | {"configuration": settings})
    with pytest.raises(jsonschema.ValidationError, match="namespace"):
        validator.validate(_values() | {"configuration": {"namespace": "other"}})


def test_patterns_are_written_for_helm() -> None:
    """Helm's regular expressions have no look-ahead."""
    patterns = re.findall(r'"pattern": (".*?(?<!\\)")', json.dumps(schema()))
    assert len(patterns) > 10
    assert not [each for each in patterns if "(?" in each]


@pytest.mark.parametrize("name", PRESET_NAMES)
def test_preset_says_only_what_differs(name: str) -> None:
    """A preset repeats no default: what it holds is why it exists."""
    found = yaml.safe_load((PRESETS / f"{name}.yaml").read_text(encoding="utf-8"))
    assert _repeated(found, _values()) == []


def _repeated(found: dict[str, Any], defaults: dict[str, Any]) -> list[str]:
    repeated = []
    for key, value in found.items():
        default = defaults.get(key)
        if isinstance(value, dict) and isinstance(default, dict):
            repeated += [f"{key}.{each}" for each in _repeated(value, default)]
        elif value == default and key in defaults:
            repeated.append(key)
    return repeated


def test_presets_are_those_promised() -> None:
    """The platforms that need other values each have a preset."""
    expected = ["aks", "eks-hostnetwork", "gke-private", "ha", "minimal", "openshift"]
    assert expected == PRESET_NAMES


def test_versions_agree() -> None:
    """The chart installs the program that it was made from."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["appVersion"] == __version__
    assert Settings().redirect.image.endswith(f":{__version__}")


@pytest.mark.parametrize("file", ["alerts.yaml", "dashboard.json"])
def test_metrics_exist(file: str) -> None:
    """Alerts and dashboard use only metrics that the webhook has."""
    text = (CHART / "files" / file).read_text(encoding="utf-8")
    used = set(re.findall(r"\bpillion_[a-z_]+", text))
    assert len(used) > 4
    assert used <= _metrics()


def _metrics() -> set[str]:
    found = set()
    for family in Metrics().registry.collect():
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}
        found |= {f"{family.name}{each}" for each in suffixes.get(family.type, ("",))}
    return found


def test_webhook_names_are_not_istiods() -> None:
    """No webhook of ours has a name by which istiod would write its own caBundle into it."""
    text = "".join(path.read_text(encoding="utf-8") for path in CHART.glob("templates/*.tpl"))
    assert "name: {{ .name }}.pillion.istio.io" in text
    assert "sidecar-injector.istio.io" not in text


def test_excluded_namespaces_are_the_programs() -> None:
    """The selectors leave out the very namespaces that the program calls the system's."""
    text = (CHART / "templates" / "_webhooks.tpl").read_text(encoding="utf-8")
    assert f", {', '.join(names.SYSTEM_NAMESPACES)}]" in text


def test_gated_extensions_are_known() -> None:
    """What the templates ask of a cluster is what the goldens give it."""
    asked = set()
    for path in CHART.glob("templates/*"):
        if path.is_file():
            asked |= set(re.findall(r'APIVersions\.Has "([^"]+)"', path.read_text("utf-8")))
    assert asked == set(EXTENSIONS)


def test_no_registry_host_is_named() -> None:
    """Images are named without a host, so that a mirror needs no second edit."""
    values = _values()
    images = [
        values["image"]["repository"],
        values["configuration"]["proxy"]["image"],
        values["configuration"]["redirect"]["image"],
    ]
    assert not [each for each in images if "." in each.split("/")[0]]
    assert values["image"]["registry"] == ""
