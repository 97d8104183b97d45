"""Every key of the configuration."""

from collections.abc import Callable
from typing import Final

from exporter.config import kinds, validators
from exporter.config.section import Key, SecretKeys, Section, section_kind
from exporter.config.validators import format_duration
from exporter.model.me_fields import WEBHOOK_FIELDS
from exporter.model.secret import Secret
from exporter.model.settings import DEFAULT_PAGE_SIZE, DEFAULT_PROBE_MAX_AGE, DEFAULT_REFRESH


def _secret(
    name: str,
    reader: Callable[[str], Secret],
    help: str,
    *,
    examples: tuple[str, str],
    is_required: bool = False,
) -> SecretKeys[Secret | None]:
    """Two keys for one secret: ``name`` and, for the file that holds it, ``name_file``, each with its example."""
    inline, file = examples
    return SecretKeys(
        Key(name, kinds.secret(reader), help, examples=(inline,), is_secret=True),
        Key(
            f"{name}_file",
            kinds.secret_file(reader),
            f"The file that holds it, in place of {name}.",
            examples=(file,),
        ),
        is_required,
    )


BASE_URL: Final = Key(
    "base_url",
    kinds.BASE_URL,
    "The URL of Z-API: scheme and host, and if needed port and path, without user, query or fragment. A "
    "slash at the end is ignored.",
    default="https://api.z-api.io",
    examples=("https://api.z-api.io",),
)
CLIENT_TOKEN: Final = _secret(
    "client_token",
    validators.client_token,
    "The security token of the account, sent as Client-Token with every poll.",
    examples=("${ZAPI_CLIENT_TOKEN}", "/run/secrets/zapi_client_token"),
)
TIMEOUT: Final = Key(
    "timeout",
    kinds.duration("1ms", "1d"),
    "Timeout of a whole poll, from the name lookup to the last byte. At most 1d.",
    default="10s",
    examples=("10s",),
)
CA_FILE: Final = Key(
    "ca_file",
    kinds.CA_FILE,
    "A PEM file with the certificate authorities to trust in place of the public ones. By default, the "
    "environment variable SSL_CERT_FILE, or else REQUESTS_CA_BUNDLE, is used if it is set.",
    examples=("/etc/ssl/private-ca.pem",),
)
API: Final = Section("Api", "How Z-API is reached.", (BASE_URL, CLIENT_TOKEN, TIMEOUT, CA_FILE))

INTERVAL: Final = Key(
    "interval",
    kinds.duration("100ms", "1y"),
    "Time between two polls of one instance: 100ms to 1y.",
    default="1m",
    examples=("60s", "5m"),
)
CONCURRENCY: Final = Key(
    "concurrency",
    kinds.whole_number(1024),
    "Maximum number of polls in flight: 1 to 1024.",
    default="32",
    examples=(32,),
)
STALE_AFTER: Final = Key(
    "stale_after",
    kinds.duration("1ms", "1y"),
    "How long the last good values are kept after polls begin to fail: at least interval, at most 1y.",
    default="5m",
    examples=("5m",),
)
PROBE_MAX_AGE: Final = Key(
    "probe_max_age",
    kinds.duration("0", "1d"),
    "/probe polls only if the last poll is older than this: 0s to 1d.",
    default=format_duration(DEFAULT_PROBE_MAX_AGE),
    examples=("5s",),
)
POLLING: Final = Section(
    "Polling", "When instances are polled.", (INTERVAL, CONCURRENCY, STALE_AFTER, PROBE_MAX_AGE)
)

PAID_STATUSES: Final = Key(
    "paid_statuses",
    kinds.list_of(kinds.STATUS, "a list of statuses, such as [paid]"),
    "The payment statuses that count as paid. Case is ignored.",
    default=("paid",),
    examples=(["paid", "trial"],),
)
UNPAID_STATUSES: Final = Key(
    "unpaid_statuses",
    kinds.list_of(kinds.STATUS, "a list of statuses, such as [unpaid, overdue]", least=0),
    "The payment statuses that count as unpaid. A status in neither list is neither paid nor unpaid: "
    "Z-API has not published a list of its statuses. A status in both lists is an error; if this key is "
    "not set, the statuses in paid_statuses are removed from the default.",
    default=("unpaid", "overdue", "pending", "late", "expired", "canceled", "cancelled"),
    examples=(["unpaid", "overdue"],),
)
PAYMENT: Final = Section("Payment", "What counts as paid and as unpaid.", (PAID_STATUSES, UNPAID_STATUSES))

DEFAULT_LABELS: Final = Key(
    "labels",
    kinds.LABELS,
    "Labels of every instance. Labels of an instance override them.",
    examples=({"environment": "production"},),
)
DEFAULT_WEBHOOKS: Final = Key(
    "expected_webhooks",
    kinds.EXPECTED_WEBHOOKS,
    "Webhooks expected of every instance. An instance adds its own; where both name a webhook, the URL of the "
    "instance applies.",
    examples=(["received", "disconnected"],),
)
_COLLECTORS: Final = kinds.optional(
    kinds.list_of(kinds.COLLECTOR, "a list of collectors, such as [status, queue]", least=0)
)
DEFAULT_COLLECT: Final = Key(
    "collect",
    _COLLECTORS,
    "What is collected of every instance in addition to /me: status (whether the phone is online and the "
    "session must be restored) and queue (how many messages wait to be sent, and since when). With every "
    "poll, status sends one more request, and queue one, or two while messages wait.",
    examples=(["status", "queue"],),
)
DEFAULTS: Final = Section(
    "Defaults", "Default settings of every instance.", (DEFAULT_LABELS, DEFAULT_WEBHOOKS, DEFAULT_COLLECT)
)

NAME: Final = Key(
    "name",
    kinds.NAME,
    "The name of the instance, and the value of the label name of its series: any unique text of up to 200 "
    "characters.",
    examples=("vendas",),
    is_required=True,
)
ID: Final = Key(
    "id",
    kinds.IDENTIFIER,
    "The unique id of the instance at Z-API. Quote it if YAML could read it as a number.",
    examples=("3C67AB641C8AA0412F6A2242B4E23AC7",),
    is_required=True,
)
TOKEN: Final = _secret(
    "token",
    validators.token,
    "The token of the instance. Quote it if YAML could read it as a number.",
    examples=("${ZAPI_VENDAS_TOKEN}", "/run/secrets/zapi_vendas_token"),
    is_required=True,
)
OWN_CLIENT_TOKEN: Final = _secret(
    "client_token",
    validators.client_token,
    "The security token of the instance's account, in place of the one in api.",
    examples=("${ZAPI_VENDAS_CLIENT_TOKEN}", "/run/secrets/vendas_client_token"),
)
LABELS: Final = Key(
    "labels",
    kinds.LABELS,
    "Labels on every series of the instance. An empty value removes an inherited label.",
    examples=({"team": "sales"},),
)
EXPECTED_WEBHOOKS: Final = Key(
    "expected_webhooks",
    kinds.EXPECTED_WEBHOOKS,
    "A list of webhooks that must be set, or a mapping from webhook to the URL it must have, in addition to "
    "those of defaults.",
    examples=(
        ["received"],
        {"received": "https://app.example.com/hooks/zapi"},
        {"received": {"url_file": "/run/secrets/hook"}},
    ),
)
COLLECT: Final = Key(
    "collect",
    _COLLECTORS,
    "What is collected of the instance in addition to /me, in place of collect in defaults.",
    examples=(["status"], []),
)
INSTANCE: Final = Section(
    "Instance",
    "One Z-API instance.",
    (NAME, ID, TOKEN, OWN_CLIENT_TOKEN, LABELS, EXPECTED_WEBHOOKS, COLLECT),
)

API_SECTION: Final = Key("api", section_kind(API, "<api>"), API.help, default={})
POLLING_SECTION: Final = Key("polling", section_kind(POLLING, "<polling>"), POLLING.help, default={})
PAYMENT_SECTION: Final = Key("payment", section_kind(PAYMENT, "<payment>"), PAYMENT.help, default={})
DEFAULTS_SECTION: Final = Key("defaults", section_kind(DEFAULTS, "<defaults>"), DEFAULTS.help, default={})
INSTANCES: Final = Key(
    "instances",
    kinds.sections(
        INSTANCE, "[<instance>, ...]", 'a list with at least one instance, each beginning with "- name:"'
    ),
    "The instances: at least one, unless instance_files or accounts is set. Names and ids must be unique.",
)
INSTANCE_FILES: Final = Key(
    "instance_files",
    kinds.list_of(kinds.PATTERN, "a list of patterns, such as [instances.d/*.yaml]"),
    "Shell patterns of files with more instances, relative to the directory of this file.",
    examples=(["instances.d/*.yaml", "teams/*/numbers.json"],),
)
FILE_DEFAULTS: Final = Key(
    "defaults",
    section_kind(DEFAULTS, "<defaults>"),
    "Default settings of the instances of this file; they override the defaults of the configuration.",
    default={},
)
FILE_INSTANCES: Final = Key(
    "instances",
    kinds.sections(INSTANCE, "[<instance>, ...]", "a list of instances", least=0),
    "The instances of this file.",
    is_required=True,
)
INSTANCE_FILE: Final = Section(
    "InstanceFile",
    "A file that matches instance_files, in YAML or JSON: this mapping, or only the list of instances. "
    "Relative paths in it start at its own directory.",
    (FILE_DEFAULTS, FILE_INSTANCES),
    ignored_prefix="x-",
)

ACCOUNT_NAME: Final = Key(
    "name",
    kinds.NAME,
    "The name of the account: any unique text of up to 200 characters.",
    examples=("matriz",),
    is_required=True,
)
PARTNER_TOKEN: Final = _secret(
    "partner_token",
    validators.partner_token,
    "The partner token of the account, with which its instances can be listed. It is not the Client-Token.",
    examples=("${ZAPI_PARTNER_TOKEN}", "/run/secrets/zapi_partner_token"),
    is_required=True,
)
REFRESH: Final = Key(
    "refresh",
    kinds.duration("1s", "1d"),
    "Time between two readings of the list: 1s to 1d.",
    default=format_duration(DEFAULT_REFRESH),
    examples=("10m",),
)
PAGE_SIZE: Final = Key(
    "page_size",
    kinds.whole_number(200),
    "Number of instances per page of the list: 1 to 200. Z-API does not publish a maximum.",
    default=str(DEFAULT_PAGE_SIZE),
    examples=(20,),
)
INCLUDE: Final = Key(
    "include",
    kinds.list_of(kinds.PATTERN, "a list of patterns, such as [vendas*]"),
    "Poll only instances whose name at Z-API matches one of these shell patterns. Case matters.",
    default=("*",),
    examples=(["vendas*", "suporte*"],),
)
EXCLUDE: Final = Key(
    "exclude",
    kinds.list_of(kinds.PATTERN, "a list of patterns, such as ['*teste*']", least=0),
    "Do not poll instances whose name matches one of these shell patterns.",
    default=(),
    examples=(["*teste*"],),
)
ACCOUNT_CLIENT_TOKEN: Final = _secret(
    "client_token",
    validators.client_token,
    "The security token of the account, in place of the one in api.",
    examples=("${ZAPI_MATRIZ_CLIENT_TOKEN}", "/run/secrets/matriz_client_token"),
)
ACCOUNT_LABELS: Final = Key(
    "labels",
    kinds.LABELS,
    "Labels on every series of its instances. An empty value removes an inherited label.",
    examples=({"environment": "production"},),
)
ACCOUNT_WEBHOOKS: Final = Key(
    "expected_webhooks",
    kinds.EXPECTED_WEBHOOKS,
    "Webhooks expected of every one of its instances, as in an instance.",
    examples=(["received", "disconnected"],),
)
ACCOUNT_COLLECT: Final = Key(
    "collect",
    _COLLECTORS,
    "What is collected of its instances in addition to /me, in place of collect in defaults.",
    examples=(["status", "queue"],),
)
ACCOUNT: Final = Section(
    "Account",
    "An account at Z-API: every instance that its partner token lists is polled. The settings in "
    "instances or in a file override those of the account.",
    (
        ACCOUNT_NAME,
        PARTNER_TOKEN,
        REFRESH,
        PAGE_SIZE,
        INCLUDE,
        EXCLUDE,
        ACCOUNT_CLIENT_TOKEN,
        ACCOUNT_LABELS,
        ACCOUNT_WEBHOOKS,
        ACCOUNT_COLLECT,
    ),
)
ACCOUNTS: Final = Key(
    "accounts",
    kinds.sections(
        ACCOUNT, "[<account>, ...]", 'a list with at least one account, each beginning with "- name:"'
    ),
    "Accounts at Z-API whose lists of instances are read periodically.",
)

DOCUMENT: Final = Section(
    "Document",
    "Configuration of zapi-exporter.",
    (API_SECTION, POLLING_SECTION, PAYMENT_SECTION, DEFAULTS_SECTION, INSTANCES, INSTANCE_FILES, ACCOUNTS),
    ignored_prefix="x-",
    needs_one_of=("instances", "instance_files", "accounts"),
)
SECTIONS: Final = (API, POLLING, PAYMENT, DEFAULTS, INSTANCE, INSTANCE_FILE, ACCOUNT, kinds.URL_IN_FILE)
"""All sections but the document itself, in the order of the reference."""

KNOWN_KEYS: Final = frozenset(
    {name for section in (DOCUMENT, *SECTIONS) for name in section.keys} | set(WEBHOOK_FIELDS) | {"<<"}
)
"""The keys that a message may show."""
