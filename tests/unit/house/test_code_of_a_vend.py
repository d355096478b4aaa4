"""The walk through the code that docs/architecture.md promises is the one that a vend takes."""

import re
import sys
from types import FrameType

from tests.support.events import World, delivered, vend
from tests.support.metadata import ROOT

ROW = re.compile(r"^\| \d+ \| `([a-z_/]+\.py)` \|", re.MULTILINE)
BESIDE = re.compile(
    r"vending/(documents/.*|events/(?!event\.py|uptimes\.py).*|time|retry"
    r"|ingest/(dead_letters|stored_conditions)|state/(deliveries|gaps|slots|intervals|till))(\.py)?"
)
"""What decides nothing about the way: types, words of event types, and structures that a step works with."""


async def entered() -> list[str]:
    """The files of the app that a vend on its own enters, in the order of their first calls."""
    world, files = World(), dict[str, None]()

    def note(frame: FrameType, event: str, _: object) -> None:
        path = frame.f_code.co_filename
        if event == "call" and path.startswith(f"{ROOT}/vending/"):
            files.setdefault(path.removeprefix(f"{ROOT}/"))

    (hub,) = delivered([vend(1)])
    sys.setprofile(note)
    try:
        await world.take(hub)
    finally:
        sys.setprofile(None)
    return list(files)


async def test_a_vend_walks_through_the_files_that_the_documents_name_in_that_order() -> None:
    trigger, *named = ROW.findall((ROOT / "docs/architecture.md").read_text())
    assert len(named) < 12
    assert "from vending.ingest.ingest import ingest\n" in (ROOT / trigger).read_text()
    assert [file for file in await entered() if not BESIDE.fullmatch(file)] == named
