import re
from collections import Counter

import pytest

from exporter.demo.instances import Phase, Timeline
from exporter.demo.scenario import (
    FINE,
    Role,
    ScenarioInstance,
    build_scenario,
    demo_account,
    demo_config,
    with_demo_sources,
)

NOW = 1_700_000_000.0
HOUR = 3600.0


def the(role: Role) -> ScenarioInstance:
    return next(member for member in build_scenario(28, NOW) if member.role is role)


@pytest.mark.parametrize("count", [1, 2, 11, 12, 13, 21, 40, 111])
def test_a_cast_has_as_many_members_as_asked_for_and_half_are_fine(count: int) -> None:
    roles = [member.role for member in build_scenario(count, NOW)]
    assert len(roles) == count
    assert roles[0] is Role.FLAPPING, "even a cast of one shows a change"
    assert count < 12 or sum(role in FINE for role in roles) >= count * 0.45


def test_a_cast_of_twelve_is_half_fine_and_half_in_trouble() -> None:
    roles = [member.role for member in build_scenario(12, NOW)]
    assert sum(role in FINE for role in roles) == 6
    assert set(roles) - FINE == {
        *(Role.FLAPPING, Role.NEEDS_QR_SCAN, Role.OVERDUE),
        *(Role.WEBHOOKS_WIPED, Role.QUEUE_STUCK, Role.TOKEN_REVOKED),
    }


def test_a_cast_of_twenty_eight_has_every_role() -> None:
    assert {member.role for member in build_scenario(28, NOW)} == set(Role)


@pytest.mark.slow
def test_a_cast_of_ten_thousand_is_nine_tenths_fine_and_has_nothing_twice() -> None:
    members = build_scenario(10_000, NOW)
    counts = Counter(member.role for member in members)
    assert 0.88 < sum(counts[role] for role in FINE) / 10_000 < 0.94
    assert min(counts[role] for role in set(Role) - FINE) >= 60
    assert len({member.configured.name for member in members}) == 10_000
    assert len({member.configured.id for member in members}) == 10_000
    assert len({member.configured.token for member in members}) == 10_000


def test_a_seed_makes_the_same_cast_again_and_another_one_another() -> None:
    assert build_scenario(30, NOW, seed=1) == build_scenario(30, NOW, seed=1)
    assert build_scenario(7, NOW) == build_scenario(50, NOW)[:7], (
        "a smaller one is the beginning of a larger one"
    )
    mine = {member.configured.id for member in build_scenario(30, NOW, seed=1)}
    assert mine.isdisjoint(member.configured.id for member in build_scenario(30, NOW, seed=2))


def test_credentials_look_real_and_are_plainly_made_up() -> None:
    for member in build_scenario(30, NOW):
        assert member.configured.client_token is not None
        for text in (
            member.configured.id,
            member.configured.token.reveal(),
            member.configured.client_token.reveal(),
        ):
            assert re.fullmatch(r"FACADE[0-9A-F]{26}", text)


def test_the_exporter_knows_each_token_but_the_revoked_one() -> None:
    for member in build_scenario(28, NOW):
        known = member.configured.token.reveal() == member.simulated.token
        assert known == (member.role is not Role.TOKEN_REVOKED)


def test_every_role_that_is_fine_has_no_fault_at_any_time() -> None:
    for member in build_scenario(120, NOW):
        if member.role in FINE:
            simulated = member.simulated
            assert simulated.connected
            assert simulated.payment_status in ("paid", "PAID")
            assert simulated.due > NOW + 5 * 24 * HOUR
            assert len(simulated.timeline.phases) == 1
            assert not simulated.muted
            assert simulated.phone_online
            assert simulated.queue.length == 0
            for webhook, url in member.configured.expected_webhooks.items():
                assert simulated.webhooks[webhook]
                assert url is None or url.reveal() == simulated.webhooks[webhook]


def test_the_troubles_are_what_their_roles_say() -> None:
    assert not the(Role.NEEDS_QR_SCAN).simulated.connected
    assert the(Role.DUE_NOW).simulated.due == NOW + 20 * HOUR
    assert the(Role.DUE_SOON).simulated.due == NOW + 6 * 24 * HOUR
    assert the(Role.OVERDUE).simulated.due < NOW
    assert the(Role.OVERDUE).simulated.payment_status == "OVERDUE"
    assert the(Role.WEBHOOKS_WIPED).simulated.webhooks == {}
    muted = the(Role.WEBHOOK_MUTED)
    assert muted.simulated.muted == frozenset({"received"}) & muted.configured.expected_webhooks.keys()
    assert muted.simulated.payment_status == "TRIALING"
    assert not the(Role.PHONE_OFFLINE).simulated.phone_online
    assert the(Role.SESSION_TO_RESTORE).simulated.restorable
    assert the(Role.QUEUE_STUCK).simulated.queue.oldest == NOW - 60 * HOUR
    assert the(Role.QUEUE_FULL).simulated.queue.length > 900
    assert 2.0 <= the(Role.SLOW).simulated.delay <= 3.0
    received = the(Role.TEST_WEBHOOK).configured.expected_webhooks["received"]
    assert received is not None
    assert received.reveal() != the(Role.TEST_WEBHOOK).simulated.webhooks["received"]


@pytest.mark.parametrize("role", [Role.FLAPPING, Role.SERVER_ERRORS, Role.RATE_LIMITED])
def test_a_passing_trouble_comes_and_goes_within_three_minutes(role: Role) -> None:
    timeline = the(role).simulated.timeline
    phases = [timeline.at(float(elapsed)) for elapsed in range(180)]
    troubled = [phase.fault is not None or phase.connected is False for phase in phases]
    assert not troubled[0]
    assert troubled.count(True) >= 20, "polls of ten seconds see it"
    assert False in troubled[troubled.index(True) :]


def test_the_configuration_polls_the_whole_cast_and_sees_every_change() -> None:
    config = demo_config(build_scenario(18, NOW), "http://127.0.0.1:1")
    assert config.api.base_url == "http://127.0.0.1:1"
    assert [instance.name for instance in config.instances][:3] == ["vendas", "recepção", "suporte-técnico"]
    assert {instance.labels["team"] for instance in config.instances} == {"sales", "support", "finance"}
    assert config.polling.stale_after > config.polling.interval
    assert config.polling.interval <= 10


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


UP = Phase(30.0, connected=True)
DOWN = Phase(10.0, connected=False)


@pytest.mark.parametrize(
    ("elapsed", "phase"), [(0.0, UP), (29.9, UP), (30.0, DOWN), (39.9, DOWN), (40.0, UP), (4_000_030.0, DOWN)]
)
def test_phases_follow_each_other_for_ever(elapsed: float, phase: Phase) -> None:
    assert Timeline((UP, DOWN)).at(elapsed) is phase
    assert Timeline((UP, DOWN), offset=25.0).at(elapsed + 15.0) is phase
    assert Timeline((DOWN,)).at(elapsed) is DOWN
