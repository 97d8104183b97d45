"""What listed instances are called: each by a name of its own, which does not change without need."""

from collections.abc import Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.discovery.merge import Claim, assign_names, claimed_name
from exporter.model.account_list import ListedInstance
from exporter.model.secret import Secret
from exporter.zapi.secret_scan import SecretScanner


def assign(
    wanted: Mapping[str, str], taken: Collection[str] = (), before: Mapping[str, str] | None = None
) -> dict[str, str]:
    claims = [
        Claim(ListedInstance(one, Secret("TOKEN"), name, float(number)), name)
        for number, (one, name) in enumerate(wanted.items(), 1)
    ]
    return dict(assign_names(claims, taken, before or {}))


def test_names_that_differ_are_taken_as_they_are() -> None:
    assert assign({"a": "vendas", "b": "suporte"}) == {"a": "vendas", "b": "suporte"}


def test_the_one_that_was_made_first_has_the_name() -> None:
    assert assign({"a": "vendas", "b": "vendas"}) == {"a": "vendas", "b": "vendas (b)"}


def test_a_name_of_the_configuration_is_taken() -> None:
    assert assign({"a": "vendas"}, taken={"vendas"}) == {"a": "vendas (a)"}


def test_whoever_had_the_name_keeps_it() -> None:
    assert assign({"a": "vendas", "b": "vendas"}, before={"b": "vendas"}) == {
        "a": "vendas (a)",
        "b": "vendas",
    }


def test_a_renamed_instance_takes_its_new_name_and_frees_the_old_one() -> None:
    before = {"a": "vendas", "b": "vendas (b)"}
    assert assign({"a": "loja", "b": "vendas"}, before=before) == {"a": "loja", "b": "vendas"}


def test_two_that_exchange_their_names_have_them_exchanged() -> None:
    before = {"a": "um", "b": "dois"}
    assert assign({"a": "dois", "b": "um"}, before=before) == {"a": "dois", "b": "um"}


def test_a_name_that_looks_like_a_newcomers_is_no_clash() -> None:
    assert assign({"a": "vendas"}, taken={"vendas", "vendas (a)"}) == {"a": "vendas (a) 2"}


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


OWN, OTHERS = (
    SecretScanner(Secret("PARTNER"), Secret("T0")),
    SecretScanner(Secret("0123456789abcdef")),
)


@pytest.mark.parametrize(
    ("name", "claimed"),
    [
        ("vendas", "vendas"),
        ("", "ID"),
        ("para PARTNER", "ID"),
        ("p%61rtner", "ID"),
        ("loja 0123456789ABCDEF", "ID"),
        ("x" * 40, "x" * 40),
    ],
)
def test_a_name_that_is_empty_or_holds_a_secret_is_not_used(name: str, claimed: str) -> None:
    assert claimed_name(ListedInstance("ID", Secret("T0"), name), OWN, OTHERS) == claimed
