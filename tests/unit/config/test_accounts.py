"""Accounts as the configuration says them, with what they inherit and leave to defaults."""

from pathlib import Path

from exporter.config.labels import label_warnings
from exporter.model.poll_result import Collector
from exporter.model.secret import Secret
from exporter.model.settings import Account
from tests.unit.config.documents import load_text

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
