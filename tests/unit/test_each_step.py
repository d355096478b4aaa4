"""Steps that need nothing of each other: all are tried, then the first failure is raised."""

import pytest

from vending.each_step import each_step
from vending.errors import Transient


async def test_the_outcomes_come_in_the_order_of_the_steps() -> None:
    async def one() -> int:
        return 1

    async def two() -> int:
        return 2

    assert await each_step(one, two) == [1, 2]


async def test_a_step_that_fails_keeps_none_behind_it(caplog: pytest.LogCaptureFixture) -> None:
    tried = []

    async def fails(fault: Exception) -> None:
        tried.append(fault)
        raise fault

    faults = ValueError("first"), Transient("second")
    with pytest.raises(ValueError, match="first"):
        await each_step(lambda: fails(faults[0]), lambda: fails(faults[1]))
    assert tried == [*faults]
    assert [record.exc_info and record.exc_info[1] for record in caplog.records] == [faults[1]]
