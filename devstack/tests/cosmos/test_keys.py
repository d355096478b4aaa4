"""Effective partition keys equal the SDK's; key texts make equal values one key."""

from typing import Any

from azure.cosmos import PartitionKey
from azure.cosmos.partition_key import NonePartitionKeyValue
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from devstack.cosmos import epk

VALUES = st.one_of(
    st.text(max_size=80), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(), st.none(),
)  # fmt: skip


def of_sdk(value: Any) -> object:
    return PartitionKey("/pk")._get_effective_partition_key_string([value])


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_equals_the_sdk(value: epk.KeyValue) -> None:
    assert epk.effective_key(value) == of_sdk(value)


def test_missing_equals_the_sdk() -> None:
    assert epk.effective_key(epk.MISSING) == of_sdk(NonePartitionKeyValue)
    assert epk.parse_header("[{}]") is epk.MISSING


@given(st.integers(-(2**52), 2**52))
def test_whole_floats_are_the_same_key(value: int) -> None:
    assert epk.key_text(value) == epk.key_text(float(value))


@given(VALUES)
def test_text_round_trips(value: epk.KeyValue) -> None:
    assume(str(value) != "-0.0")  # equals 0, so it is one key with 0, though the SDK hashes its sign
    assert epk.key_of_text(epk.key_text(value)) == epk.effective_key(value)


def test_bounds_cut_the_space_evenly() -> None:
    assert epk.bounds(1) == []
    assert epk.bounds(4) == [f"{digit}" + "0" * 31 for digit in "123"]
    assert epk.middle("", "FF") == epk.bounds(2)[0]
    assert epk.bounds(4)[0] == epk.middle("", epk.bounds(2)[0])
