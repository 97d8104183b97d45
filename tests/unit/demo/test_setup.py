from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from exporter.config.load import load
from exporter.demo.configuration import demo_account, demo_config, with_demo_sources
from exporter.demo.scenario import build_scenario
from exporter.model.settings import Config
from simulator.config_file import write_config

NOW = 1_700_000_000.0


def some_config() -> Config:
    return demo_config(build_scenario(18, NOW), "http://127.0.0.1:1")


def test_the_configuration_polls_the_whole_cast() -> None:
    config = some_config()
    assert config.api.base_url == "http://127.0.0.1:1"
    assert [instance.name for instance in config.instances][:3] == ["vendas", "recepção", "suporte-técnico"]
    assert {instance.labels["team"] for instance in config.instances} == {"sales", "support", "finance"}


def test_the_demo_polls_often_enough_to_see_every_change() -> None:
    polling = some_config().polling
    assert polling.interval <= 10
    assert polling.stale_after > polling.interval


def test_a_written_configuration_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    write_config(some_config(), tmp_path / "config.yaml")
    assert (tmp_path / "config.yaml").stat().st_mode & 0o777 == 0o600


def test_a_written_configuration_holds_any_text_that_a_configuration_can(tmp_path: Path) -> None:
    hostile = '\x07\x7f\x85\u2028\ufeff $HOME ${HOME} "\\ \n🎉'
    config = demo_config(build_scenario(1, NOW), "http://127.0.0.1:1")
    renamed = replace(config.instances[0], name=hostile, labels={"team": hostile})
    write_config(replace(config, instances=(renamed,)), tmp_path / "config.yaml")
    (instance,) = load(tmp_path / "config.yaml", {}).instances
    assert (instance.name, instance.labels) == (hostile, {"team": hostile})


def test_a_written_configuration_says_the_same(tmp_path: Path) -> None:
    config = some_config()
    write_config(config, tmp_path / "config.yaml", ca_file=Path("/etc/ca.pem"))
    document = yaml.safe_load((tmp_path / "config.yaml").read_text())
    assert document["api"]["ca_file"] == "/etc/ca.pem"
    for said, meant in zip(document["instances"], config.instances, strict=True):
        assert (said["name"], said["id"], said["token"]) == (meant.name, meant.id, meant.token.reveal())
        assert said["labels"] == dict(meant.labels)
        assert said["expected_webhooks"].keys() == meant.expected_webhooks.keys()
    assert meant.client_token is not None
    assert document["api"]["client_token"] == meant.client_token.reveal()


@pytest.mark.parametrize("count", [1, 2, 12, 60])
def test_the_demo_shares_its_cast_among_sources_of_each_kind(count: int) -> None:
    members = build_scenario(count, NOW)
    whole = demo_config(members, "http://127.0.0.1:1")
    shared = with_demo_sources(whole, members)
    listed = demo_account(members).ids
    polled = [instance.id for source in shared.sources for instance in source.instances]
    assert sorted([*polled, *listed]) == sorted(instance.id for instance in whole.instances)
    if count >= 12:
        assert [source.name for source in shared.sources] == ["config", "file:teams/finance.yaml"]
        (account,) = shared.accounts
        example = next(each for each in whole.instances if each.id == listed[0])
        assert (account.labels, account.collect) == (example.labels, example.collect)
