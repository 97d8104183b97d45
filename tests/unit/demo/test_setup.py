import pytest

from exporter.demo.scenario import build_scenario, demo_account, demo_config, with_demo_sources
from exporter.model.settings import Config

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
