"""What versions of the archive's blobs keep, and what that costs (docs/decisions/0095)."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.support.archive import FakeArchive
from tests.support.events import delivered
from vendctl.costs import Costs, read
from vending.archive.append import Tails, archive
from vending.archive.layout import block_range

FIGURES, (SMALL, MIDDLE, _) = read()


@pytest.mark.parametrize("batch", [2, 10, 66, 100, 128])
async def test_what_versions_keep_is_what_the_archive_replaces(batch: int) -> None:
    """The archive itself, on batches of that size: the events of the blocks that its commits leave out."""
    blobs, tails, events = Replacing(), Tails(), 1_280
    held = delivered([b"{}"] * events)
    for start in range(0, events, batch):
        await archive(held[start : start + batch], blobs, tails)
    fleet = replace(MIDDLE, partitions=1)
    costs = Batched(FIGURES, fleet)
    costs.batch = batch
    assert blobs.replaced / events == pytest.approx(costs.rewritten, rel=0.15)


class Batched(Costs):
    """Batches of a size that the test chooses."""

    batch: float

    @property
    def batches(self) -> float:
        return self.events / self.batch


class Replacing(FakeArchive):
    """Counts the events of blocks that a commit leaves out."""

    replaced = 0

    async def commit(self, name: str, ids: Sequence[str], new: dict[str, bytes], etag: str | None) -> str:
        for block in set((await self.blocks(name)).ids) - set(ids):
            first, last = block_range(block)
            self.replaced += last - first + 1
        return await super().commit(name, ids, new, etag)


def test_kept_versions_are_part_of_storage() -> None:
    """100 machines: batches of two or three events, so a block is replaced 55 times before it is full."""
    costs = Costs(FIGURES, SMALL)
    assert costs.rewritten == 27.5
    kept = costs.events * 12 * 27.5 * 70 / 1e9 * 0.0184
    without = Costs({**FIGURES, "measured": FIGURES["measured"] | {"raw_bytes": 0}}, SMALL)
    assert costs.parts()["Storage"] - without.parts()["Storage"] == pytest.approx(kept)
