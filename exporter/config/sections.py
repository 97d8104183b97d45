"""The sections of a configuration as models: which key may stand where, and what may stand under it.

The JSON Schema is made of them. What it takes more than one value to judge is in ``rules``.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from exporter.config import values
from exporter.config.duration import PATTERN
from exporter.config.labels import RESERVED_LABELS, label_name
from exporter.model.poll_result import WEBHOOK_FIELDS
from exporter.model.secret import Secret

LIST: Final = "[list]"
MAPPING: Final = "[mapping]"

_VARIABLE: Final = r"\$"
_NO_SPACE: Final = r"[^\s\u0000-\u0020\u007f-\u00a0]+"
_LABEL: Final = rf"^(?!__|(?:{'|'.join(sorted(RESERVED_LABELS))})$)[a-zA-Z_][a-zA-Z0-9_]*$"
_TEXT: Final = {"type": "string"}
_WEBHOOK: Final = {"enum": list(WEBHOOK_FIELDS)}


def _text_like(pattern: str) -> dict[str, Any]:
    """Text as the pattern says, or with a variable in it, of which a schema cannot judge."""
    return {"type": "string", "pattern": f"^(?:{pattern})$|{_VARIABLE}"}


def _matching(pattern: str) -> WithJsonSchema:
    return WithJsonSchema(_text_like(pattern))


def _any_of(*schemas: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": list(schemas)})


def _list_or_mapping(value: object) -> str:
    return LIST if isinstance(value, list) else MAPPING


_SOME_TEXT: Final = WithJsonSchema({"type": "string", "pattern": r"\S"})
_IDENTIFIER: Final = _matching(_NO_SPACE)
_DURATION: Final = _matching(PATTERN)

Name = Annotated[str, PlainValidator(values.name), _matching(rf"(?=[\s\S]*\S)[\s\S]{{1,{values.MAX_NAME}}}")]
Identifier = Annotated[str, PlainValidator(values.identifier), _IDENTIFIER]
Token = Annotated[Secret | None, PlainValidator(values.token), _IDENTIFIER]
ClientToken = Annotated[Secret | None, PlainValidator(values.client_token), _IDENTIFIER]
File = Annotated[str | None, PlainValidator(values.some_text), _SOME_TEXT]
BaseUrl = Annotated[str, PlainValidator(values.base_url), _matching(r"[Hh][Tt][Tt][Pp][Ss]?://[^\s?#@]+")]
Timeout = Annotated[float, PlainValidator(values.timeout), _DURATION]
Interval = Annotated[float, PlainValidator(values.interval), _DURATION]
StaleAfter = Annotated[float, PlainValidator(values.stale_after), _DURATION]
Concurrency = Annotated[
    int,
    PlainValidator(values.concurrency),
    _any_of(
        {"type": "integer", "minimum": 1, "maximum": values.MAX_CONCURRENCY},
        {"type": "string", "pattern": f"^[1-9][0-9]{{0,3}}$|{_VARIABLE}"},
    ),
]
PaidStatus = Annotated[str, PlainValidator(values.status), _SOME_TEXT]
LabelName = Annotated[str, PlainValidator(label_name), WithJsonSchema({"type": "string", "pattern": _LABEL})]
LabelValue = Annotated[str, PlainValidator(values.text), WithJsonSchema(_TEXT)]
WebhookItem = Annotated[
    str, PlainValidator(values.webhook), _any_of(_WEBHOOK, {"type": "string", "pattern": _VARIABLE})
]
WebhookKey = Annotated[str, PlainValidator(values.webhook_key), WithJsonSchema(_WEBHOOK)]
WebhookUrl = Annotated[
    Secret | None,
    PlainValidator(values.webhook_url),
    _any_of(_text_like(f"[Hh][Tt][Tt][Pp][Ss]?://{_NO_SPACE}"), {"type": "null"}),
]

Labels = dict[LabelName, LabelValue]
ExpectedWebhooks = Annotated[
    Annotated[list[WebhookItem], Tag(LIST)] | Annotated[dict[WebhookKey, WebhookUrl], Tag(MAPPING)],
    Discriminator(_list_or_mapping),
]


def _title(section: type[Any]) -> str:
    return section.__name__.removesuffix("Section")


class Section(BaseModel):
    """A mapping with fixed keys."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, model_title_generator=_title
    )


class ApiSection(Section):
    """How Z-API is reached."""

    model_config = ConfigDict(json_schema_extra={"not": {"required": ["client_token", "client_token_file"]}})

    base_url: BaseUrl = Field(
        default="https://api.z-api.io",
        description="Where Z-API is: scheme and host, and where needed port and path.",
        examples=["https://api.z-api.io"],
    )
    client_token: ClientToken = Field(
        default=None,
        description="The account security token, which is sent as Client-Token with every poll.",
        examples=["${ZAPI_CLIENT_TOKEN}"],
    )
    client_token_file: File = Field(
        default=None,
        description="The file that holds the account security token, in place of client_token.",
        examples=["/run/secrets/zapi_client_token"],
    )
    timeout: Timeout = Field(
        default=10.0,
        description="Longest time for a whole poll, name lookup to last byte.",
        examples=["10s"],
    )
    ca_file: File = Field(
        default=None,
        description="The file with the certificate authorities to trust (PEM), in place of the public ones.",
        examples=["/etc/ssl/private-ca.pem"],
    )


class PollingSection(Section):
    """When instances are polled."""

    interval: Interval = Field(
        default=60.0,
        description="Time between two polls of one instance, at least 100ms.",
        examples=["60s", "5m"],
    )
    concurrency: Concurrency = Field(default=32, description="Most polls in flight at once.", examples=[32])
    stale_after: StaleAfter = Field(
        default=300.0,
        description="How long the last good values are kept once polls fail; not below interval.",
        examples=["5m"],
    )


class PaymentSection(Section):
    """What counts as paid, and what as unpaid."""

    paid_statuses: Annotated[list[PaidStatus], Field(min_length=1)] = Field(
        default=["paid"],
        description="Payment statuses that count as paid, in upper or lower case.",
        examples=[["paid", "trial"]],
    )
    unpaid_statuses: list[PaidStatus] = Field(
        default=["unpaid", "overdue", "pending", "late", "expired", "canceled", "cancelled"],
        description="Payment statuses that count as unpaid; one in neither list counts as neither.",
        examples=[["unpaid", "overdue"]],
    )


class DefaultsSection(Section):
    """What every instance starts from."""

    labels: Labels | None = Field(
        default=None,
        description="Labels of every instance; an instance's own win.",
        examples=[{"environment": "production"}],
    )
    expected_webhooks: ExpectedWebhooks | None = Field(
        default=None,
        description="Webhooks expected of every instance; what an instance says of a webhook wins.",
        examples=[["received", "disconnected"]],
    )


class InstanceSection(Section):
    """One Z-API instance."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["token"]}, {"required": ["token_file"]}],
            "not": {"required": ["client_token", "client_token_file"]},
        }
    )

    name: Name = Field(
        description="What the instance is called here: any text, unique. The label name of its series.",
        examples=["vendas"],
    )
    id: Identifier = Field(
        description="The id of the instance at Z-API, unique. Quoted, if YAML could read it as a number.",
        examples=["3C67AB641C8AA0412F6A2242B4E23AC7"],
    )
    token: Token = Field(
        default=None,
        description="The token of the instance. Quoted, if YAML could read it as a number.",
        examples=["${ZAPI_VENDAS_TOKEN}"],
    )
    token_file: File = Field(
        default=None,
        description="The file that holds the token, in place of token.",
        examples=["/run/secrets/zapi_vendas_token"],
    )
    client_token: ClientToken = Field(
        default=None,
        description="The security token of the instance's account, in place of the one in api.",
        examples=["${ZAPI_VENDAS_CLIENT_TOKEN}"],
    )
    client_token_file: File = Field(
        default=None,
        description="The file that holds the security token, in place of client_token.",
        examples=["/run/secrets/vendas_client_token"],
    )
    labels: Labels | None = Field(
        default=None,
        description="Labels on every series of the instance; an empty value drops an inherited label.",
        examples=[{"team": "sales"}],
    )
    expected_webhooks: ExpectedWebhooks | None = Field(
        default=None,
        description="A list of webhooks that must be set, or a mapping from webhook to the URL it must have.",
        examples=[["received"], {"received": "https://app.example.com/hooks/zapi"}],
    )


class Document(Section):
    """Configuration of zapi-exporter."""

    api: ApiSection | None = Field(default=None, description="How Z-API is reached.")
    polling: PollingSection | None = Field(default=None, description="When instances are polled.")
    payment: PaymentSection | None = Field(default=None, description="What counts as paid and as unpaid.")
    defaults: DefaultsSection | None = Field(default=None, description="What every instance starts from.")
    instances: list[InstanceSection] = Field(min_length=1, description="The instances, at least one.")


SECTIONS: Final[Mapping[tuple[str, ...], type[Section]]] = {
    (): Document,
    ("api",): ApiSection,
    ("polling",): PollingSection,
    ("payment",): PaymentSection,
    ("defaults",): DefaultsSection,
    ("instances",): InstanceSection,
}
"""The model of each mapping whose keys are fixed, by the keys that lead to it."""
