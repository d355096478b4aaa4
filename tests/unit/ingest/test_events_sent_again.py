"""A device that sends all of its events again: none counts twice, none is masked, and little is read."""

from pathlib import Path

from tests.support.events import delivered
from tests.support.fakes import FakeBlobs, FakeDocuments
from vendctl.replay import sales
from vendctl.replay.device_events import device_events
from vending.events.records import decode_lines
from vending.ingest.ingest import IngestStores, ingest

SAMPLE = Path(__file__).parents[3] / "examples" / "sales.csv"
BATCH = 20


async def test_events_sent_again_are_compared_page_by_page() -> None:
    file = sales.read(SAMPLE)
    bodies = device_events(file.sales, file.mapping.zone)[1].bodies
    stores = IngestStores(FakeDocuments("machineId"), FakeDocuments("id"), FakeBlobs())
    for start in range(0, len(bodies), BATCH):
        await ingest(delivered(bodies[start : start + BATCH], start), stores, "test")
    machines = stores.machines
    assert isinstance(machines, FakeDocuments)
    held, requests = dict(machines.items), machines.requests

    again = [
        body.replace(b'"paidMinor":', b'"paidMinor":1') if n == 30 else body for n, body in enumerate(bodies)
    ]
    await ingest(delivered(again, 1000), stores, "test")

    assert machines.items == held
    pages = -(-len(bodies) // BATCH)
    assert machines.requests - requests == 1 + pages, "the stock, and each page once"
    letters = stores.deadletters
    assert isinstance(letters, FakeBlobs)
    (name,) = letters.committed
    (refused,) = decode_lines(await letters.read(name))
    assert (refused["reason"], refused["sequence"]) == ("conflict", 1030)
