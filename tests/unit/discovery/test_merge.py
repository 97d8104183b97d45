"""The instances of lists: which are known and polled, by which settings, each by a name that does not change."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Literal
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.discovery.known_list import KnownList
from exporter.discovery.merge import Claim, Merger, assign_names, with_lists
from exporter.model.account_list import ListedInstance, ListPage
from exporter.model.poll_result import Collector, Failure, Reason
from exporter.model.secret import Secret
from exporter.model.settings import Account, Config, Instance, InstanceSource
from exporter.model.shard import WHOLE, Shard
from tests.builders import a_config, a_failure, an_instance


def assign(
    wanted: Mapping[str, str], taken: Collection[str] = (), before: Mapping[str, str] | None = None
) -> dict[str, str]:
    claims = [
        Claim(ListedInstance(one, Secret("TOKEN"), name, float(number)), name)
        for number, (one, name) in enumerate(wanted.items(), 1)
    ]
    return dict(assign_names(claims, taken, before or {}))


@pytest.mark.parametrize(
    ("wanted", "taken", "before", "names"),
    [
        ({"a": "vendas", "b": "suporte"}, (), {}, {"a": "vendas", "b": "suporte"}),
        ({"a": "vendas", "b": "vendas"}, (), {}, {"a": "vendas", "b": "vendas (b)"}),
        ({"a": "vendas"}, ("vendas",), {}, {"a": "vendas (a)"}),
        ({"a": "vendas", "b": "vendas"}, (), {"b": "vendas"}, {"a": "vendas (a)", "b": "vendas"}),
        # renamed, which frees the old name; two that exchange their names; a name that looks like a newcomer's
        ({"a": "loja", "b": "vendas"}, (), {"a": "vendas", "b": "vendas (b)"}, {"a": "loja", "b": "vendas"}),
        ({"a": "dois", "b": "um"}, (), {"a": "um", "b": "dois"}, {"a": "dois", "b": "um"}),
        ({"a": "vendas"}, ("vendas", "vendas (a)"), {}, {"a": "vendas (a) 2"}),
        ({"a": "x"}, ("x", "x (a)", "x (a) 2"), {}, {"a": "x (a) 3"}),
    ],
)
def test_the_one_that_had_a_name_or_was_made_first_has_it(
    wanted: Mapping[str, str], taken: Collection[str], before: Mapping[str, str], names: Mapping[str, str]
) -> None:
    assert assign(wanted, taken, before) == names


def test_what_has_no_time_of_creation_was_made_last() -> None:
    old, new = (ListedInstance(one, None, "x", created) for one, created in (("old", None), ("new", 9e9)))
    assert assign_names([Claim(old, "x"), Claim(new, "x")], (), {}) == {"new": "x", "old": "x (old)"}


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["x", "x (a)", "x (b)", "y"])),
    st.frozensets(st.sampled_from(["x", "x (a)", "y"])),
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["x", "x (a)", "y"])),
)
def test_every_instance_has_a_name_of_its_own(
    wanted: Mapping[str, str], taken: frozenset[str], before: Mapping[str, str]
) -> None:
    names = assign(wanted, taken, before)
    assert names.keys() == wanted.keys()
    assert len(set(names.values()) | taken) == len(names) + len(taken)


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("xyz")),
    st.frozensets(st.sampled_from("xyz")),
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["x", "x (a)", "y"])),
)
def test_names_do_not_change_while_the_list_does_not(
    wanted: Mapping[str, str], taken: frozenset[str], before: Mapping[str, str]
) -> None:
    names = assign(wanted, taken, before)
    assert assign(wanted, taken, names) == names


ACCOUNT = Account(
    "matriz",
    Secret("PARTNER-CANARY"),
    refresh=77.0,
    client_token=Secret("CLIENT-CANARY"),
    labels={"team": "sales"},
    expected_webhooks={"received": None},
    collect=frozenset({Collector.STATUS}),
)


def item(one: str, name: str | None = None, token: str | None = "TOKEN-CANARY-OF-IT") -> ListedInstance:
    return ListedInstance(one, None if token is None else Secret(token), one if name is None else name)


def configuration(*accounts: Account, configured: tuple[Instance, ...] = (), shard: Shard = WHOLE) -> Config:
    return replace(a_config(*configured), accounts=accounts, shard=shard)


def names(merged: Config) -> list[str]:
    return [instance.name for instance in merged.instances]


def merged(*items: ListedInstance, configured: tuple[Instance, ...] = (), **fields: Any) -> list[str]:
    """Return the names of all instances, where an account lists these."""
    config = configuration(replace(ACCOUNT, **fields), configured=configured)
    return names(Merger().merge(config, {"matriz": KnownList(items)}))


def test_an_instance_has_the_settings_of_its_account() -> None:
    known = KnownList(
        (item("A", "vendas"), item("B", token=None)), frozenset(), 5.0, a_failure(), is_read=True
    )
    configured = an_instance("own", instance_id="O")
    whole = Merger().merge(configuration(ACCOUNT, configured=(configured,)), {"matriz": known})
    vendas = Instance(
        name="vendas",
        id="A",
        token=Secret("TOKEN-CANARY-OF-IT"),
        client_token=ACCOUNT.client_token,
        labels=ACCOUNT.labels,
        expected_webhooks=ACCOUNT.expected_webhooks,
        collect=ACCOUNT.collect,
        source="account:matriz",
    )
    assert whole.instances == (configured, vendas)
    assert whole.sources == (
        InstanceSource("config", (configured,)),
        InstanceSource("account:matriz", (vendas,), ("a phrase",), 5.0, 1, is_read=True, refresh=77.0),
    )


def test_an_account_that_was_not_read_yet_is_a_source_without_a_problem() -> None:
    (_, source) = Merger().merge(configuration(ACCOUNT), {"matriz": KnownList()}).sources
    assert source == InstanceSource("account:matriz", (), is_read=False, refresh=77.0)


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (("*",), (), ["vendas", "suporte", "fin", "Vendas"]),
        (("*a*", "fin"), (), ["vendas", "fin", "Vendas"]),
        (("*",), ("v*",), ["suporte", "fin", "Vendas"]),
        (("*a*", "fin"), ("fin", "V*"), ["vendas"]),
        ((), (), []),
    ],
)
def test_patterns_say_which_instances_are_polled(
    include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]
) -> None:
    items = map(item, ("vendas", "suporte", "fin", "Vendas1"), ("vendas", "suporte", "fin", "Vendas"))
    assert merged(*items, include=include, exclude=exclude) == expected


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_pattern_matches_an_accent_in_either_form(form: Literal["NFC", "NFD"]) -> None:
    both = [normalize("NFD", "recepção"), normalize("NFC", "recepção 2")]
    assert merged(*map(item, "AB", both), include=(normalize(form, "recepção*"),)) == both


@pytest.mark.parametrize(
    ("name", "claimed"),
    [
        ("vendas", "vendas"),
        ("x" * 40, "x" * 40),
        ("", "A"),
        ("para PARTNER-CANARY", "A"),
        ("partner%2Dcanary", "A"),
        ("TOKEN-CANARY-OF-IT", "A"),
        ("CLIENT-CANARY", "A"),
        ("loja other-canary-of-2", "A"),
        ("loja short", "loja short"),
    ],
)
def test_a_name_that_is_empty_or_holds_a_secret_is_not_used(name: str, claimed: str) -> None:
    others = item("B", token="OTHER-CANARY-OF-2"), item("C", token="short")
    assert merged(item("A", name), *others) == [claimed, "B", "C"]


@pytest.mark.parametrize("secret", ["PARTNER-CANARY", "TOKEN-CANARY-OF-IT", "client-canary"])
def test_an_instance_whose_id_holds_a_secret_is_not_polled(secret: str) -> None:
    assert merged(item(secret, "vendas"), item("B", "suporte")) == ["suporte"]


def test_the_first_source_of_an_instance_has_it_and_its_name() -> None:
    """The configuration goes before accounts; ids are compared without regard to case."""
    second = replace(ACCOUNT, name="filial", labels={})
    mine = (an_instance("a minha", instance_id="a"), an_instance("suporte", instance_id="own"))
    lists = {
        "filial": KnownList((item("B", "vendas"), item("C"), item("D", "vendas"))),
        "matriz": KnownList((item("A", "todos"), item("b", "vendas"), item("S", "suporte"))),
    }
    whole = Merger().merge(configuration(ACCOUNT, second, configured=mine), lists)
    assert [(each.name, each.source, dict(each.labels)) for each in whole.instances] == [
        ("a minha", "config", {}),
        ("suporte", "config", {}),
        ("vendas", "account:matriz", {"team": "sales"}),
        ("suporte (S)", "account:matriz", {"team": "sales"}),
        ("C", "account:filial", {}),
        ("vendas (D)", "account:filial", {}),
    ]
    declared = (InstanceSource("file:x", mine[:1]),)
    assert names(Merger().merge(replace(configuration(ACCOUNT), sources=declared), lists)) == [
        *("a minha", "vendas", "suporte")
    ]


def test_what_did_not_change_stays_the_same_object_and_keeps_its_name() -> None:
    config, merger = configuration(ACCOUNT), Merger()
    first = merger.merge(config, {"matriz": KnownList((item("A", "vendas"), item("B", "suporte")))})
    known = KnownList((item("C", "vendas"), item("A", "vendas"), item("B", "novo")))
    second = merger.merge(config, {"matriz": known})
    assert names(second) == ["vendas (C)", "vendas", "novo"]
    assert second.instances[1] is first.instances[0]
    third = merger.merge(config, {"matriz": replace(known, failure=a_failure())})
    assert third.sources[1].instances is second.sources[1].instances
    assert third.sources[1].problems == ("a phrase",)
    assert names(
        merger.merge(replace(config, accounts=(replace(ACCOUNT, exclude=("n*",)),)), {"matriz": known})
    ) == [*("vendas (C)", "vendas")]
    assert merger.merge(configuration(), {}).sources == ()


def test_each_shard_polls_its_own_of_all_instances() -> None:
    own, items = an_instance("own"), tuple(map(item, "ABCDEFGH"))
    parts = [
        Merger().merge(
            configuration(ACCOUNT, configured=(own,), shard=Shard(index, 2)), {"matriz": KnownList(items)}
        )
        for index in range(2)
    ]
    assert all(0 < len(part.instances) < 9 for part in parts)
    assert sorted(names(parts[0]) + names(parts[1])) == [*"ABCDEFGH", "own"]
    assert [len(part.sources[1].instances) for part in parts] == [8, 8]


def test_the_list_of_each_account_can_be_read_once() -> None:
    asked = []

    def ask(account: Account, page: int) -> ListPage | Failure:
        asked.append((account.name, page))
        return a_failure() if account.name == "filial" else ListPage(1, 1, (item("A"),))

    second = replace(ACCOUNT, name="filial")
    whole = with_lists(configuration(ACCOUNT, second, configured=(an_instance("own"),)), ask, 5.0)
    assert asked == [("matriz", 1), ("filial", 1)]
    told = [(each.problems, each.last_success) for each in whole.sources]
    assert told == [((), None), ((), 5.0), (("a phrase",), None)]
    assert names(whole) == ["own", "A"]


A, B, C = item("A"), item("B"), item("C")


def after(known: KnownList, *readings: tuple[ListedInstance, ...]) -> KnownList:
    for reading in readings:
        known = known.after(reading, 100.0)
    return known


def ids(known: KnownList) -> list[str]:
    return [instance.id for instance in known.instances]


def test_a_complete_list_is_taken() -> None:
    known = KnownList().after((A, B), 100.0)
    assert known == KnownList((A, B), frozenset(), 100.0, None, is_read=True)
    assert known.after((A, B), 200.0).instances is known.instances


def test_a_failure_keeps_the_last_good_list() -> None:
    failed = after(KnownList(), (A, B)).after(a_failure(Reason.TIMEOUT), 200.0)
    assert (failed.instances, failed.last_success, failed.failure) == ((A, B), 100.0, a_failure())
    assert after(failed, (A, B)).failure is None
    assert KnownList().after(a_failure(), 200.0) == KnownList(failure=a_failure(), is_read=True)


@pytest.mark.parametrize(
    ("readings", "left"),
    [
        ([(A, B), (A,)], "AB"),
        ([(A, B), (A,), (A,)], "A"),
        ([(A, B), (A,), (A, B), (A,)], "AB"),
        ([(A, B), (A, C)], "ACB"),
        ([(A, B), (A, C), (A, C)], "AC"),
        ([(A, B), (A,), (B,)], "BA"),
        ([(), (), (A,)], "A"),
    ],
)
def test_two_lists_in_a_row_remove_an_instance(readings: list[tuple[ListedInstance, ...]], left: str) -> None:
    known = after(KnownList(), *readings)
    assert (ids(known), known.failure) == ([*left], None)


def test_a_failure_between_two_lists_does_not_confirm_a_removal() -> None:
    once = after(KnownList(), (A, B), (A,)).after(a_failure(), 200.0)
    assert ids(once) == ["A", "B"]
    assert ids(after(once, (A,))) == ["A"]


def test_an_empty_list_after_one_that_was_not_is_a_failure_for_ever() -> None:
    known = after(KnownList((A, B)), (), (), ())
    assert (ids(known), known.is_read) == (["A", "B"], True)
    assert known.failure is not None
    assert known.failure.detail == "the list is empty, and had 2 instances before"


def test_a_token_that_vanishes_is_kept_until_a_second_list_lacks_it() -> None:
    once = after(KnownList(), (A, B), (A, item("B", "renamed", None)))
    assert [(one.token, one.name) for one in once.instances][1] == (B.token, "renamed")
    assert after(once, (A, item("B", token=None))).instances == (A, item("B", token=None))
    assert after(once, (A, item("B", token="NEW"))).instances == (A, item("B", token="NEW"))
    assert ids(after(once, (A,))) == ["A"]
