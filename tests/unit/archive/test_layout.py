"""Names and block ids are functions of the events, and can be read back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.archive import hub_event
from tests.support.events import NOON
from vending.archive.layout import (
    CHUNK,
    RawName,
    blob_name,
    block_id,
    block_range,
    hour_of,
    manifest_name,
    parquet_name,
    raw_name,
)


def test_a_blob_is_a_function_of_the_event() -> None:
    event = hub_event(CHUNK, partition="3")
    assert blob_name(event) == "raw/date=2026-03-01/hour=12/g=1-p=3-c=00000001.jsonl.gz"
    assert blob_name(replace(event, sequence=CHUNK - 1)).endswith("c=00000000.jsonl.gz")
    late = replace(event, enqueued=NOON + timedelta(hours=13))
    assert blob_name(late).startswith("raw/date=2026-03-02/hour=01/")


def test_a_blob_has_far_fewer_blocks_than_the_service_allows() -> None:
    assert CHUNK < 50_000


@given(st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1))
def test_block_ids_are_of_one_length_and_tell_their_range(first: int, last: int) -> None:
    block = block_id(first, last)
    assert block_range(block) == (first, last)
    assert len(block) == len(block_id(0, 0))


def test_a_block_that_is_not_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        block_range("Zm9v")


def test_a_name_tells_its_parts() -> None:
    event = replace(hub_event(5 * CHUNK, partition="12", step=0), generation="2026-a")
    assert raw_name(blob_name(event)) == RawName(NOON, "2026-a", "12", 5)
    assert raw_name(blob_name(event)).key == "2026-a/12"


@pytest.mark.parametrize("name", ["raw/x", "parquet/date=2026-03-01/hour=12/_manifest.json", ""])
def test_a_name_that_is_not_ours_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        raw_name(name)


def test_manifest_and_parquet_lie_in_the_hours_folder() -> None:
    assert manifest_name(NOON) == "parquet/date=2026-03-01/hour=12/_manifest.json"
    assert parquet_name(NOON, "1/3", "ab") == "parquet/date=2026-03-01/hour=12/g=1-p=3-ab.parquet"
    assert hour_of(manifest_name(NOON)) == NOON
