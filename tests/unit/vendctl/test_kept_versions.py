"""What versions of the archive's blobs keep, and what that costs (docs/decisions/0095)."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.archive import FakeArchive
from tests.support.events import delivered
from tests.support.watched import Call, watched
from vendctl.costs import Costs, read
from vending.archive.append import Tails, archive
from vending.archive.layout import block_range

FIGURES, (SMALL, MIDDLE, _) = read()


@pytest.mark.parametrize("batch", [2, 10, 66, 100, 128])
async def test_what_versions_keep_is_what_the_archive_replaces(batch: int) -> None:
    """The archive itself, on batches of that size: the events of the blocks that its commits leave out."""
    stored, tails, events, replaced = FakeArchive(), Tails(), 1_280, 0
    held = delivered([b"{}"] * events)

    async def counted(operation: str, call: Call, *arguments: Any) -> Any:
        """The events of blocks that a commit leaves out."""
        nonlocal replaced
        if operation == "commit":
            name, ids, *_ = arguments
            for block in set((await stored.blocks(name)).ids) - set(ids):
                first, last = block_range(block)
                replaced += last - first + 1
        return await call(*arguments)

    blobs = watched(stored, counted)
    for start in range(0, events, batch):
        await archive(held[start : start + batch], blobs, tails)
    fleet = replace(MIDDLE, partitions=1)
    costs = Batched(FIGURES, fleet)
    costs.batch = batch
    assert replaced / events == pytest.approx(costs.rewritten, rel=0.15)


class Batched(Costs):
    """Batches of a size that the test chooses."""

    batch: float

    @property
    def batches(self) -> float:
        return self.events / self.batch


def test_kept_versions_are_part_of_storage() -> None:
    """100 machines: batches of two or three events, so a block is replaced 55 times before it is full."""
    costs = Costs(FIGURES, SMALL)
    assert costs.rewritten == 27.5
    kept = costs.events * 12 * 27.5 * 70 / 1e9 * 0.0184
    without = Costs({**FIGURES, "measured": FIGURES["measured"] | {"raw_bytes": 0}}, SMALL)
    assert costs.parts()["Storage"] - without.parts()["Storage"] == pytest.approx(kept)
