"""The JSON Schema of the configuration, for editors: ``python -m exporter.config.schema`` prints it."""

import json
import sys
from typing import Any

from exporter.config.keys import DOCUMENT, SECTIONS
from exporter.config.section import Key, Section


def text() -> str:
    """Return the schema as the committed file has it."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "zapi-exporter",
        **_section(DOCUMENT),
        "$defs": {section.title: {"title": section.title, **_section(section)} for section in SECTIONS},
    }
    return json.dumps(schema, indent=2) + "\n"


def _section(section: Section) -> dict[str, Any]:
    secrets = tuple(section.secrets)
    either = [
        {"oneOf": [{"required": [pair.inline.name]}, {"required": [pair.file.name]}]}
        if pair.is_required
        else {"not": {"required": [pair.inline.name, pair.file.name]}}
        for pair in secrets
    ]
    required = [key.name for key in section.keys.values() if key.is_required]
    prefix = section.ignored_prefix
    return {
        "description": section.help,
        "type": "object",
        "properties": {name: _key(key) for name, key in section.keys.items()},
        **({"patternProperties": {f"^{prefix}": True}} if prefix else {}),
        "additionalProperties": False,
        **({"required": required} if required else {}),
        **(
            {"anyOf": [{"required": [name]} for name in section.needs_one_of]} if section.needs_one_of else {}
        ),
        **({"allOf": either} if either else {}),
    }


def _key(key: Key[Any]) -> dict[str, Any]:
    kind = key.kind
    default: Any = list(key.default) if isinstance(key.default, tuple) else key.default
    if isinstance(default, str) and default.isdigit():
        default = int(default)
    return {
        "description": key.help,
        **({"anyOf": [kind.schema, {"type": "null"}]} if kind.may_be_null else kind.schema),
        **({"default": default} if default else {}),
        **({"examples": list(key.examples)} if key.examples else {}),
    }


if __name__ == "__main__":
    sys.stdout.write(text())
