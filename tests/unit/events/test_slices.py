"""Slices hold every item once, in order, and no more bytes than asked for, one large item excepted."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.events import hub_event
from vending.events.hub_event import HubEvent
from vending.events.slices import size, slices


@given(st.lists(st.integers(0, 20)), st.integers(1, 30))
def test_all_of_it_in_order_and_within_the_bound(items: list[int], limit: int) -> None:
    found = list(slices(items, lambda item: item, limit))
    assert [item for part in found for item in part] == items
    assert all(part and (sum(part) <= limit or len(part) == 1) for part in found)
    # None could have been joined with the next one's first item.
    assert all(sum(part) + after[0] > limit for part, after in pairwise(found))


def event(body: bytes, **more: Any) -> HubEvent:
    return hub_event(1, body, **more)


def test_whatever_the_sender_can_make_large_counts() -> None:
    assert size(event(b"12345")) == 5
    assert size(event(b"", properties={"note": "\0" * 1000})) >= 1000
    assert size(event(b"", system={"note": [["x" * 1000]]})) >= 1000
    assert size(event(b"", amqp={"message64": "x" * 1000})) >= 1000


def test_every_property_counts_with_its_name() -> None:
    said = event(b"12", properties={"a": "xyz", "bc": 75}, system={"d": "x"})
    assert size(said) == 2 + 4 + 4 + 2
