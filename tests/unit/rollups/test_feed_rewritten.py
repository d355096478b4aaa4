"""The change feed's documents as the platform delivers them: texts that look like a time are written anew.

Source: measured on the real Cosmos DB trigger: ``….56.000Z`` becomes ``…56Z``, ``….120000Z`` ``….12Z``, an
offset the host's zone, ``z`` ``Z``; at any depth, values only. Days and times without a zone stay.
"""

import asyncio
import random
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support import oracle as truth
from tests.support.events import World, delivered, vend

LIKE_A_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def rewritten(value: Any) -> Any:
    """Not what the platform writes, but at each place where it writes: nothing may depend on such a text."""
    if isinstance(value, dict):
        return {name: rewritten(one) for name, one in value.items()}
    if isinstance(value, list):
        return [rewritten(one) for one in value]
    return "written anew" if isinstance(value, str) and LIKE_A_TIME.fullmatch(value) else value


def test_the_form_that_is_rewritten() -> None:
    kept = ["2026-01-31", "2026-01-31T12:34:56", "12:34:56Z", "2026-01-31T10:00"]
    lost = ["2026-01-31T12:34:56.000Z", "2026-01-31T12:34:56+02:00", "2026-01-31T12:34:56z"]
    assert rewritten({"a": [{"b": kept + lost}]}) == {"a": [{"b": [*kept, *["written anew"] * 3]}]}


@given(st.integers(0, 2**32))
def test_nothing_of_a_stock_document_is_rewritten(seed: int) -> None:
    """``watch_machines`` judges the delivered document and writes what it concludes."""
    world = World()
    asyncio.run(world.take(*delivered(truth.events(random.Random(seed), 3, 40))))
    for document in world.machines.bodies("stock"):
        assert rewritten(document) == document


async def test_names_that_look_like_a_time_reach_no_value_of_a_stock_document() -> None:
    """Selections and devices are names of fields there; a machine's name holds no colon."""
    world = World()
    await world.take(
        *delivered([vend(1, "2026-01-31T10-00", device="2026-01-31", machine="2026-01-31T10-00-00Z")])
    )
    (document,) = world.machines.bodies("stock")
    assert not world.dead()
    assert rewritten(document) == document
    await world.take(*delivered([vend(1, machine="2026-01-31T10:00:00Z")], first=1))
    assert world.dead() == {"1/0@1": "wrong-schema"}
