"""A good file becomes a configuration with everything it says, inherits and leaves to defaults."""

import os
import re
import ssl
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from exporter.config.labels import label_warnings
from exporter.config.load import load
from exporter.config.problem import InvalidConfig
from exporter.model.poll_result import Collector
from exporter.model.secret import Secret
from exporter.model.settings import Account, Api, Instance, InstanceSource, Polling
from tests.counting import calls_of
from tests.unit.config.documents import MINIMAL, load_text, problems_of

EXAMPLE = Path(__file__).parents[3] / "config.example.yaml"
UNPAID = frozenset({"unpaid", "overdue", "pending", "late", "expired", "canceled", "cancelled"})
ENVIRON = {"ZAPI_CLIENT_TOKEN": "CLIENT", "ZAPI_VENDAS_TOKEN": "VENDAS"}


def test_the_example_is_valid_and_says_the_defaults() -> None:
    config = load(EXAMPLE, ENVIRON)
    assert config.api == Api("https://api.z-api.io", 10.0, None)
    assert config.polling == Polling(60.0, 32, 300.0, 5.0)
    assert (config.paid_statuses, config.unpaid_statuses) == (frozenset({"paid"}), UNPAID)
    assert config.instances == (
        Instance(
            name="vendas",
            id="3C67AB641C8AA0412F6A2242B4E23AC7",
            token=Secret("VENDAS"),
            client_token=Secret("CLIENT"),
            labels={"environment": "production", "team": "sales"},
            expected_webhooks={
                "received": Secret("https://app.example.com/hooks/zapi"),
                "disconnected": None,
            },
        ),
    )


def test_everything_but_the_instances_has_a_default(tmp_path: Path) -> None:
    example, minimal = load(EXAMPLE, ENVIRON), load_text(tmp_path, MINIMAL)
    instance = Instance("vendas", "A1", Secret("T1"), None, {}, {})
    assert minimal == replace(
        example,
        instances=(instance,),
        files=minimal.files,
        secret_files=minimal.files,
        sources=(InstanceSource("config", (instance,)),),
    )


@pytest.mark.parametrize(
    ("payment", "paid", "unpaid"),
    [
        ("{paid_statuses: [Paid, Pending]}", ["paid", "pending"], UNPAID - {"pending"}),
        ("{unpaid_statuses: []}", ["paid"], []),
        ("{unpaid_statuses: [' Late ', new]}", ["paid"], ["late", "new"]),
    ],
)
def test_a_status_written_as_paid_leaves_the_list_of_unpaid_ones(
    tmp_path: Path, payment: str, paid: Iterable[str], unpaid: Iterable[str]
) -> None:
    config = load_text(tmp_path, f"payment: {payment}\n{MINIMAL}")
    assert (config.paid_statuses, config.unpaid_statuses) == (frozenset(paid), frozenset(unpaid))


def test_a_section_without_keys_and_a_byte_order_mark_say_nothing(tmp_path: Path) -> None:
    empty = "\ufeffapi:\npolling:\npayment:\ndefaults:\n  labels:\n  expected_webhooks:\n"
    assert load_text(tmp_path, empty + MINIMAL) == load_text(tmp_path, MINIMAL)


def test_an_instance_adds_to_the_defaults_and_wins_over_them(tmp_path: Path) -> None:
    text = (
        "api: {client_token: COMMON}\n"
        "defaults:\n  collect: [status]\n"
        "  labels: {tier: gold, zone: a, team: none}\n"
        "  expected_webhooks: {received: 'https://a.example', delivery: 'https://b.example'}\n"
        + MINIMAL
        + "    labels: {team: sales, zone: ''}\n    expected_webhooks: [received, connected]\n"
        "  - {name: b, id: B, token: T, collect: [queue], client_token: OWN}\n"
        "  - {name: c, id: C, token: $$T1, collect: []}\n"
    )
    instances = load_text(tmp_path, text).instances
    assert [one.collect for one in instances] == [{Collector.STATUS}, {Collector.QUEUE}, set()]
    assert [one.client_token for one in instances] == [Secret("COMMON"), Secret("OWN"), Secret("COMMON")]
    assert [one.token for one in instances] == [Secret("T1"), Secret("T"), Secret("$T1")]
    assert instances[0].labels == {"tier": "gold", "team": "sales"}
    assert instances[0].expected_webhooks == {
        "received": None,
        "delivery": Secret("https://b.example"),
        "connected": None,
    }


def test_a_webhook_may_have_a_url_one_in_a_file_or_any(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("https://a.example/SECRET\n")
    webhooks = "{received: {url_file: hook}, connected: 'https://b.example', delivery: }"
    config = load_text(tmp_path, f"{MINIMAL}    expected_webhooks: {webhooks}\n")
    assert config.instances[0].expected_webhooks == {
        "received": Secret("https://a.example/SECRET"),
        "connected": Secret("https://b.example"),
        "delivery": None,
    }
    assert tmp_path / "hook" in config.secret_files


def test_secrets_come_from_files_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("T0K3X\r\n")
    (tmp_path / "client").write_text("\ufeffCLIENT")
    text = (
        f"api: {{client_token_file: {tmp_path / 'client'}}}\n"
        "instances: [{name: a, id: A, token_file: token}, {name: b, id: B, token_file: ./token}]\n"
    )
    config = load_text(tmp_path, text)
    assert [instance.token for instance in config.instances] == [Secret("T0K3X")] * 2
    assert config.instances[0].client_token == Secret("CLIENT")
    assert config.files == (tmp_path / "config.yaml", tmp_path / "client", tmp_path / "token")


def test_a_secret_file_has_a_bounded_size(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("T" * 70_000)
    with pytest.raises(InvalidConfig, match="names a file that is larger than 64 KiB"):
        load_text(tmp_path, MINIMAL.replace("token: T1", "token_file: token"))


def test_a_ca_file_may_have_accents_and_a_byte_order_mark(tmp_path: Path) -> None:
    pem = trustme.CA().cert_pem.bytes()
    (tmp_path / "ca.pem").write_bytes("\ufeff# Autenticação São José\n".encode() + pem + b"\xe7\n")
    trusted = load_text(tmp_path, "api: {ca_file: ca.pem}\n" + MINIMAL).api.ca_pem
    assert len(ssl.create_default_context(cadata=trusted).get_ca_certs()) == 1


def test_variables_stand_wherever_a_value_does(tmp_path: Path) -> None:
    text = (
        "api: {base_url: 'https://${HOST}/', timeout: '${TIMEOUT:-5}s', client_token: '${C}'}\n"
        "polling: {concurrency: '${N:-8}', probe_max_age: '0'}\n"
        "payment: {paid_statuses: ['${PAID}']}\n"
        "instances:\n"
        "  - name: ${NAME}\n    id: ${ID}\n    token: ${T}\n    labels: {team: '${TEAM:-sales}'}\n"
        "    expected_webhooks: {received: 'https://${HOST}/in'}\n"
        "  - {name: b, id: B, token: T, expected_webhooks: ['${HOOK}']}\n"
    )
    environ = {
        **{"HOST": "z.example", "C": "CLIENT", "PAID": "Trial", "NAME": "atenção", "ID": "0123"},
        **{"T": "yes", "HOOK": "delivery", "N": ""},
    }
    config = load_text(tmp_path, text, environ)
    first, second = config.instances
    assert (config.api.base_url, config.api.timeout) == ("https://z.example", 5.0)
    assert (config.polling.concurrency, config.polling.probe_max_age) == (8, 0.0)
    assert config.paid_statuses == {"trial"}
    assert (first.name, first.id, first.token) == ("atenção", "0123", Secret("yes"))
    assert (first.client_token, first.labels) == (Secret("CLIENT"), {"team": "sales"})
    assert first.expected_webhooks == {"received": Secret("https://z.example/in")}
    assert second.expected_webhooks == {"delivery": None}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a$$b", "a$b"),
        ("$$${V}", "$v: {x: [y]}"),
        ("$${V}", "${V}"),
        ("$V costs $5", "$V costs $5"),
        ("${NONE:-}x", "x"),
        ("${NONE:-c: [d], $$ $x}", "c: [d], $ $x"),
        ("${V:-unused}", "v: {x: [y]}"),
        ("${TWICE}", "${V}"),
    ],
)
def test_a_variable_is_text_and_nothing_else(tmp_path: Path, written: str, meant: str) -> None:
    environ = {"V": "v: {x: [y]}", "TWICE": "${V}"}
    (instance,) = load_text(tmp_path, MINIMAL.replace("vendas", f"'{written}'"), environ).instances
    assert instance.name == meant


def test_a_thousand_problems_are_listed_and_the_others_counted(tmp_path: Path) -> None:
    text = "instances:\n" + "".join(
        f"- {{name: n{i}, id: i{i}, token: T, tokn{i}: x}}\n" for i in range(1500)
    )
    with pytest.raises(InvalidConfig) as raised:
        load_text(tmp_path, text)
    *listed, last = raised.value.problems
    assert [problem.line for problem in listed] == list(range(2, 1002))
    assert str(last).endswith(":1001: document: 500 more problems are not listed; correct these first")
    assert str(raised.value).splitlines()[-1] == str(last)


@pytest.mark.parametrize("value", ["'${A:-" + "$$" * 1_000_000 + "'", "x" * 65_537], ids=["signs", "text"])
def test_a_long_value_is_refused_before_its_variables_are_looked_for(tmp_path: Path, value: str) -> None:
    """Matching takes a hundred bytes for each dollar sign: 30 MB of them took 5 GB."""
    with pytest.raises(
        InvalidConfig, match=r":4: instances\[0\]\.token: is longer than 65,536 characters \(instance .+\)$"
    ):
        load_text(tmp_path, MINIMAL.replace("T1", value))


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    """Sixteen levels are allowed, with those of what an alias repeats."""
    text = (
        "x-: [1]\nx-deep: [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]\n"
        "x-six: &six [[[[[[]]]]], x]\nx-eleven: &eleven [[[[[*six]]]]]\nx-sixteen: [[[[[*eleven]]]]]\n"
        "instances:\n"
        "  - &first {name: a, id: A, token: T, labels: &labels {team: sales}}\n"
        "  - {<<: *first, name: b, id: B}\n"
        "  - {<<: [{name: c, id: C}, *first], labels: {<<: *labels, tier: gold}}\n"
    )
    instances = load_text(tmp_path, text).instances
    assert [(i.name, i.id) for i in instances] == [("a", "A"), ("b", "B"), ("c", "C")]
    assert {i.token for i in instances} == {Secret("T")}
    assert [i.labels for i in instances] == [{"team": "sales"}] * 2 + [{"team": "sales", "tier": "gold"}]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("HTTPS://z_api.example./v2//", "HTTPS://z_api.example./v2"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_a_base_url_loses_the_slash_at_its_end(tmp_path: Path, written: str, meant: str) -> None:
    assert load_text(tmp_path, f"api: {{base_url: '{written}'}}\n" + MINIMAL).api.base_url == meant


def test_a_file_that_cannot_be_read_is_a_problem_in_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "locked").symlink_to("locked")
    (tmp_path / "large.yaml").touch()
    os.truncate(tmp_path / "large.yaml", 1 << 40)
    for name, why in (
        ("large.yaml", "is larger than 32 MiB"),
        ("gone.yaml", "does not exist"),
        (".", "is a directory, not a regular file"),
        ("a\0b", "has a name that is not valid for a file"),
        ("locked", "cannot be read: Too many levels of symbolic links"),
    ):
        (told,) = problems_of(tmp_path / name, {})
        assert told.startswith(f"1: document: {why}; give another file with --config.file")


@pytest.mark.parametrize(
    ("instance", "secret"),
    [
        ("token: T", True),
        ("token: '${TOKEN}'", False),
        ("token_file: secret", False),
        ("token_file: secret, client_token: C", True),
        ("token_file: secret, expected_webhooks: [received]", False),
        ("token_file: secret, expected_webhooks: {received: null}", False),
        ("token_file: secret, expected_webhooks: {received: 'https://example.com/hook'}", True),
        ("token_file: secret, expected_webhooks: {received: '${HOOK}'}", False),
    ],
)
def test_only_a_written_secret_makes_a_document_secret(tmp_path: Path, instance: str, secret: bool) -> None:
    (tmp_path / "secret").write_text("T")
    environ = {"TOKEN": "T", "HOOK": "https://example.com/hook"}
    config = load_text(tmp_path, f"instances: [{{name: a, id: A, {instance}}}]\n", environ)
    assert (tmp_path / "config.yaml" in config.secret_files) is secret


def test_thousands_of_instances_cost_in_proportion(tmp_path: Path) -> None:
    def calls(count: int) -> int:
        instances = "".join(
            f"  - name: vendas {i}\n    id: ID{i:05d}X\n    token: ${{CANARY}}{i}\n    labels: {{team: sales}}\n"
            f"    expected_webhooks: {{received: 'https://a.example/{i}'}}\n"
            for i in range(count)
        )
        return calls_of(lambda: load_text(tmp_path, "instances:\n" + instances, {"CANARY": "c"}))

    calls(10)  # what is loaded once
    assert calls(300) < 12 * calls(30)


def test_a_bad_file_is_refused_with_what_is_wrong_in_it(subtests: pytest.Subtests) -> None:
    """Each file in ``bad`` begins with what is told of it, and no message repeats what may be a secret."""
    for file in sorted((Path(__file__).parent / "bad").glob("*.yaml")):
        with subtests.test(file.stem):
            text = file.read_text(encoding="utf-8", errors="replace")
            expected = re.findall(r"^# expect (.*)$", text, re.MULTILINE)
            assert expected
            told = problems_of(file, {"CANARY": "canary", "EMPTY": "", "RAW": "\udcff"})
            assert told == expected
            assert not re.search("SECRET|secretword|canary", str(told))


WHOLE = """
api: {client_token: SHARED}
defaults:
  labels: {environment: production, region: south}
  expected_webhooks: [received]
  collect: [status]
accounts:
  - name: matriz
    partner_token_file: partner
    refresh: 1h30m
    page_size: 50
    include: ["vendas*", "suporte*"]
    exclude: ["*teste*"]
    labels: {team: sales, region: "", pod: x}
    client_token: OWN
    expected_webhooks: {delivery: https://example.com/hook}
    collect: [queue]
  - {name: filial, partner_token: "${PARTNER}"}
"""


def test_an_account_says_everything_or_leaves_it_to_defaults(tmp_path: Path) -> None:
    (tmp_path / "partner").write_text("PARTNER-1\n")
    config = load_text(tmp_path, WHOLE, {"PARTNER": "PARTNER-2"})
    assert config.accounts == (
        Account(
            name="matriz",
            partner_token=Secret("PARTNER-1"),
            refresh=5400.0,
            page_size=50,
            include=("vendas*", "suporte*"),
            exclude=("*teste*",),
            client_token=Secret("OWN"),
            labels={"environment": "production", "team": "sales", "pod": "x"},
            expected_webhooks={"received": None, "delivery": Secret("https://example.com/hook")},
            collect=frozenset({Collector.QUEUE}),
        ),
        Account(
            name="filial",
            partner_token=Secret("PARTNER-2"),
            refresh=600.0,
            page_size=20,
            client_token=Secret("SHARED"),
            labels={"environment": "production", "region": "south"},
            expected_webhooks={"received": None},
            collect=frozenset({Collector.STATUS}),
        ),
    )
    assert config.instances == ()
    assert config.secret_files == (tmp_path / "config.yaml", tmp_path / "partner")
    assert "PARTNER" not in repr(config)
    (warning,) = label_warnings(config.accounts)
    assert "the label pod of 'matriz'" in warning
