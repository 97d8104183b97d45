"""Accounts as the configuration says them, with what they inherit and leave to defaults."""

from pathlib import Path

import pytest

from exporter.config.labels import label_warnings
from exporter.config.problem import InvalidConfig
from exporter.model.poll_result import Collector
from exporter.model.secret import Secret
from exporter.model.settings import Account
from tests.unit.config.documents import MINIMAL, load_text

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
    labels: {team: sales, region: ""}
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
            labels={"environment": "production", "team": "sales"},
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


def test_accounts_go_with_instances(tmp_path: Path) -> None:
    config = load_text(tmp_path, MINIMAL + "accounts: [{name: matriz, partner_token: PARTNER}]\n")
    assert (len(config.instances), len(config.accounts)) == (1, 1)


@pytest.mark.parametrize("accounts", ["[]", "{}", "null", "[matriz]"])
def test_accounts_must_be_a_list_of_some(tmp_path: Path, accounts: str) -> None:
    with pytest.raises(InvalidConfig):
        load_text(tmp_path, f"{MINIMAL}accounts: {accounts}\n")


def test_a_label_that_the_rules_drop_is_a_warning_for_an_account_too(tmp_path: Path) -> None:
    account = "{name: matriz, partner_token: PARTNER, labels: {pod: x}}"
    config = load_text(tmp_path, f"accounts: [{account}]\n")
    (warning,) = label_warnings(config.accounts)
    assert "the label pod of 'matriz'" in warning
