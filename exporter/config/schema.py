"""The JSON Schema of the configuration, for editors: ``python -m exporter.config.schema`` prints it."""

import json
import sys
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from exporter.config.duration import format_duration
from exporter.config.sections import Document


def text() -> str:
    """The schema as the committed file has it."""
    return json.dumps(Document.model_json_schema(schema_generator=_Generator), indent=2) + "\n"


class _Generator(GenerateJsonSchema):
    """Writes defaults as a person would, restricts keys, and gives titles to sections only."""

    def generate(
        self, schema: core_schema.CoreSchema, mode: JsonSchemaMode = "validation"
    ) -> JsonSchemaValue:
        return {"$schema": self.schema_dialect, **super().generate(schema, mode), "title": "zapi-exporter"}

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        return {
            "type": "object",
            "propertyNames": self.generate_inner(schema["keys_schema"]),
            "additionalProperties": self.generate_inner(schema["values_schema"]),
        }

    def encode_default(self, dft: Any) -> Any:
        return format_duration(dft) if isinstance(dft, float) else super().encode_default(dft)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        return {key: value for key, value in described.items() if (key, value) != ("default", None)}


if __name__ == "__main__":
    sys.stdout.write(text())
