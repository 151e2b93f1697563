"""The file's JSON Schema: complete, documented, and of one mind with the reader."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from webhook.configuration.reader import read, show
from webhook.configuration.schema import schema
from webhook.model import settings
from webhook.model.settings import Settings

SCHEMA = schema()


def test_the_schema_is_valid_and_accepts_the_defaults() -> None:
    """It is a schema of draft 2020-12, and what `show` gives meets it."""
    Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert list(Draft202012Validator(SCHEMA).iter_errors(show(Settings()))) == []


@pytest.mark.parametrize(
    ("name", "member"),
    [
        (name, member)
        for name, definition in SCHEMA["$defs"].items()
        for member in definition.get("properties", {})
    ],
)
def test_every_member_is_described(name: str, member: str) -> None:
    """Each member says in a sentence what it is for, and no object takes an unknown one."""
    found = SCHEMA["$defs"][name]["properties"][member]

    assert found["description"].endswith(".")
    assert SCHEMA["$defs"][name]["additionalProperties"] is False
    assert SCHEMA["$defs"][name]["description"]


def test_every_setting_is_in_the_schema() -> None:
    """Each field of each type has a member of its spelling."""
    types = [
        found
        for found in vars(settings).values()
        if isinstance(found, type) and issubclass(found, msgspec.Struct) and found.__struct_fields__
    ]
    assert len(types) > 15
    for found in types:
        members: dict[str, Any] = SCHEMA["$defs"][found.__name__]["properties"]
        assert tuple(members) == found.__struct_encode_fields__


@pytest.mark.parametrize(
    "text",
    [
        '{"traffic": {"excludeInboundPorts": [80, "90", "1-2"], "includeInboundPorts": ["*"]}}',
        '{"proxy": {"resources": {"requests": {"cpu": 1, "memory": null}}}}',
        '{"pilot": {"address": null}}',
    ],
)
def test_what_the_reader_takes_meets_the_schema(text: str) -> None:
    """Spellings that the reader allows are not underlined by an editor."""
    read(text, "x")

    assert list(Draft202012Validator(SCHEMA).iter_errors(msgspec.json.decode(text))) == []
