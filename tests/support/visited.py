"""A machine that people visit, on fakes: what came of it is in the stores as ingest and uploads leave it."""

from datetime import datetime, timedelta
from typing import Any

from tests.support.rollup_world import World, event, vend
from vending.documents.photos import PhotoRecord
from vending.documents.uploads import State, UploadRecord
from vending.time import millis

NOW = datetime.fromisoformat("2026-03-02T12:00:00+00:00")
MINUTE = 60_000


def visit_events(machine: str, number: int, at: datetime, **leaving: Any) -> list[dict[str, Any]]:
    """A visit as the simulator's machines tell it, from sequence ``10 * number`` on: come, fill, collect, go.
    ``leaving``: which of those are left out."""
    begun, first = millis(at), 10 * number
    visit = f"visit-{number:03d}"
    told = {"visitId": visit, "reason": "fill"}
    lines = [
        {"selection": "A1", "before": 2, "added": 9, "after": 10, "spoiled": 1},
        {"selection": "B4", "before": 0, "added": 8, "after": 8},
    ]
    bag = {
        "visitId": visit,
        "bagId": f"bag-{number}",
        "currency": "EUR",
        "boxMinor": 300,
        "billsMinor": 500,
    }
    filled = {"visitId": visit, "lines": lines}
    events = {
        "started": event(machine, first, begun, "visit.started", told | {"userRef": "driver-12"}),
        "restocked": event(machine, first + 1, begun + MINUTE, "inventory.restocked", filled),
        "collected": event(machine, first + 2, begun + 2 * MINUTE, "cash.collected", bag),
        "ended": event(machine, first + 3, begun + 3 * MINUTE, "visit.ended", told),
    }
    return [one for name, one in events.items() if leaving.get(name, True)]


async def visited(world: World, machine: str, count: int, first: datetime = NOW - timedelta(days=60)) -> None:
    """So many visits, one a day, each in a batch with a vend."""
    for number in range(1, count + 1):
        at = first + timedelta(days=number - 1)
        sold = vend(machine, 10 * number + 5, millis(at) + 5 * MINUTE)
        await world.arrive([*visit_events(machine, number, at), sold])


def uploaded(
    world: World,
    machine: str,
    number: int,
    visit: str,
    at: datetime,
    kind: str = "photo",
    state: State = "processed",
) -> None:
    """A file of a visit."""
    id_ = f"{number:032x}"
    said = "no-photo: it is HTML" if state == "rejected" else None
    record = UploadRecord(
        id=f"upload:{id_}", machine_id=machine, kind=kind, content_type="image/jpeg", size=9,
        asked_at=millis(at), visit=visit, visited=millis(at), state=state, said=said,
    )  # fmt: skip
    world.machines.put(record.dump())
    if kind == "photo" and state == "processed":
        photo = PhotoRecord(
            id=f"photo:{id_}", machine_id=machine, etag="1", at=millis(at), width=4, height=3, visit=visit
        )
        world.machines.put(photo.dump())
