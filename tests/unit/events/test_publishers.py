"""The names that credentials open: one for each device, machine and epoch, and each says them all."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vending.events.envelope import Identifier
from vending.events.publishers import LONGEST, MAX_EPOCH, Publisher, bound, build, parse

NAMES = st.from_regex(rf"\A{Identifier}\Z")
TRICKY = st.text("aA1._-", min_size=1, max_size=5).filter(re.compile(rf"{Identifier}\Z").match)
PUBLISHERS = st.builds(Publisher, NAMES | TRICKY, NAMES | TRICKY, st.integers(0, MAX_EPOCH))


def named(publisher: Publisher) -> str | None:
    """The name; None where the two names are too long together."""
    if len(re.sub("([A-Z_])", "__", publisher.device + publisher.machine) + str(publisher.epoch)) > 121:
        return None
    return build(publisher)


@given(PUBLISHERS)
@example(Publisher("a_.b", "c", 1))
@example(Publisher("a", "b_.c", 1))
@example(Publisher("a__", "1", 10))
@example(Publisher("Dev.A-", "VM_1", 2**31 - 1))
def test_a_name_says_whom_it_was_built_for(publisher: Publisher) -> None:
    name = named(publisher)
    if name is not None:
        assert parse(name) == publisher
        assert len(name) <= LONGEST


@given(PUBLISHERS, PUBLISHERS)
@example(Publisher("a", "b", 11), Publisher("a", "b1", 1))
@example(Publisher("dev-a", "m", 1), Publisher("DEV-A", "m", 1))
@example(Publisher("a_", "b", 1), Publisher("a", "_b", 1))
def test_two_publishers_have_two_names_also_where_case_is_not_told(one: Publisher, other: Publisher) -> None:
    """Entity names of Event Hubs are the same in any case; devices' names are not."""
    names = named(one), named(other)
    if None not in names and one != other:
        assert str(names[0]).casefold() != str(names[1]).casefold()


@given(PUBLISHERS)
def test_a_name_is_one_that_the_hub_surely_takes(publisher: Publisher) -> None:
    """learn.microsoft.com, naming rules of Microsoft.EventHub: alphanumerics, periods, hyphens, underscores;
    start and end with an alphanumeric."""
    name = named(publisher)
    assert name is None or re.fullmatch(r"[a-z0-9][a-z0-9._\-]*[a-z0-9]", name)


def test_any_two_names_of_55_fit_and_longer_ones_are_told() -> None:
    assert len(build(Publisher("d" * 55, "m" * 56, MAX_EPOCH))) == LONGEST
    with pytest.raises(ValueError, match="129 of 128 characters"):
        build(Publisher("d" * 56, "m" * 56, MAX_EPOCH))


@pytest.mark.parametrize("device", ["", "a/b", "a b", "é", "a\n", "a:b"])
def test_names_that_no_event_can_have_get_no_publisher(device: str) -> None:
    with pytest.raises(ValueError, match="no event can have"):
        build(Publisher(device, "m", 1))
    with pytest.raises(ValueError, match="no event can have"):
        build(Publisher("d", "m", MAX_EPOCH + 1))


def test_the_hub_may_give_a_name_in_other_letters() -> None:
    name = build(Publisher("Dev-1", "vm", 3))
    assert name == "1_._dev-1_.vm_.3"
    assert parse(name.upper()) == Publisher("Dev-1", "vm", 3)
    assert bound(name.upper())


@pytest.mark.parametrize(
    "name",
    ["", "dev-1", "1_.dev_.vm", "1_.dev_.vm_.", "1_.dev_.vm_.03", "1_.dev_.vm_.-1", "1_.dev_.vm_.3_.4",
     "2_.dev_.vm_.3", "1_.dev_.vm_.3\n", "1_.d_1_.vm_.3", "1_.dev_.vm_.٣", "1_.\u212aev_.vm_.3",
     "1_._.vm_.3"],
)  # fmt: skip
def test_any_other_name_says_no_machine(name: str) -> None:
    assert parse(name) is None
    assert not bound(name)


@given(st.text() | st.text("1_.aB9", max_size=12).map("1_.{}".format))
@example("1_.a_.b_.9999999999")
@example("1_.A_.b_.7")
def test_a_text_is_read_only_where_it_is_the_name_of_what_it_says(text: str) -> None:
    found = parse(text)
    if found is not None:
        assert build(found) == text.lower()
