"""A person says that a visit is done → a ``visit.ended`` event, through the hub.

So the archive has it, and a rebuild makes it again. It comes from the device ``people`` in epoch 0, which
provisioning never issues: what a machine says of its visits by itself is newer. Its number is issued once, in
the write that keeps the request's id and puts the visit among those that wait; the event is made of that
alone. So one that is sent again, by whoever finds it waiting, is the same event, and ingest counts it once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from vending.business_day import instant
from vending.catalog.machines import Catalogs
from vending.documents.base import load
from vending.documents.people_visits import PeopleVisits, WaitingVisit
from vending.errors import Transient
from vending.events.fields import Code
from vending.ports import Documents, Put, Sender
from vending.time import millis
from vending.writes.perform import Change
from vending.writes.refusals import NoTarget, WrongWrite
from vending.writes.request import Answer, Request

DEVICE, EPOCH = "people", 0
OLDEST, AHEAD = timedelta(days=31), timedelta(minutes=5)
"""Between which bounds of now a visit may have ended."""
WAITING = 20
"""Visits of a machine that may wait for the hub."""
REQUESTS_KEPT = 50


class VisitEnded(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What a person says of it. Without ``endedAt`` it ended now; without ``visitId`` it is given one."""

    reason: Literal["fill", "collect", "repair"]
    visit_id: Code | UnsetType = UNSET
    ended_at: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET
    user_ref: Code | UnsetType = UNSET


class VisitRecorded(Struct, frozen=True, rename="camel"):
    """A visit that is recorded; who reads the machine sees it when ingest had its event."""

    machine_id: str
    visit_id: str
    reason: str
    ended_at: str
    user_ref: str | None


@dataclass(frozen=True)
class VisitStores:
    """Where numbers are issued, where events are sent, and which machines there are."""

    machines: Documents
    hub: Sender
    catalog: Catalogs


@dataclass(frozen=True)
class RecordVisit:
    """The plan of a visit that is done."""

    stores: VisitStores
    machine: str
    asked: VisitEnded

    async def __call__(self, request: Request) -> Change | Answer:
        """Numbers it, and sends what waits. Raises Refusal, Transient."""
        if not (await self.stores.catalog.named()).knows(self.machine):
            raise NoTarget(f"The catalog has no machine {self.machine!r}.")
        held, etag = await self._numbers()
        number = held.requests.get(request.id, held.last + 1)
        visit = self._visit(request, number)
        if request.id in held.requests:
            await self._send(held, etag)
            return self._answer(visit)
        if len(held.waiting) >= WAITING:
            raise Transient(f"{WAITING} visits of {self.machine} wait for the hub")
        kept = dict([*held.requests.items(), (request.id, number)][-REQUESTS_KEPT:])
        issued = replace(held, last=number, waiting=[*held.waiting, visit], requests=kept)

        async def commit() -> Answer:
            [now] = await self.stores.machines.write(self.machine, [Put(issued.dump(), etag)])
            await self._send(issued, now)
            return self._answer(visit)

        return Change(None, self._told(visit), commit)

    async def _numbers(self) -> tuple[PeopleVisits, str | None]:
        stored = await self.stores.machines.read(self.machine, "people-visits")
        if stored is None:
            return PeopleVisits(machine_id=self.machine), None
        return load(stored.body, PeopleVisits), stored.etag

    def _visit(self, request: Request, number: int) -> WaitingVisit:
        asked, now = self.asked, request.at
        at = now if isinstance(asked.ended_at, UnsetType) else millis(asked.ended_at)
        if not -millis_of(OLDEST) <= at - now <= millis_of(AHEAD):
            raise WrongWrite(f"endedAt lies within the last {OLDEST.days} days.")
        name = asked.visit_id if isinstance(asked.visit_id, str) else f"visit-{request.id}"
        user = asked.user_ref if isinstance(asked.user_ref, str) else None
        return WaitingVisit(number, name, asked.reason, at, user)

    async def _send(self, held: PeopleVisits, etag: str | None) -> None:
        """All that waits, in the order of its numbers, so that none is ever missing below another. Raises
        Conflict where somebody else sends too: the events are the same."""
        if not held.waiting:
            return
        for visit in held.waiting:
            await self.stores.hub.send(msgspec.json.encode(_event(self.machine, visit)), DEVICE, {})
        await self.stores.machines.write(self.machine, [Put(replace(held, waiting=[]).dump(), etag)])

    def _answer(self, visit: WaitingVisit) -> Answer:
        return Answer(202, self._told(visit))

    def _told(self, visit: WaitingVisit) -> VisitRecorded:
        return VisitRecorded(self.machine, visit.visit, visit.reason, instant(visit.at), visit.user)


def millis_of(span: timedelta) -> int:
    """Whole milliseconds."""
    return span // timedelta(milliseconds=1)


def _event(machine: str, visit: WaitingVisit) -> dict[str, Any]:
    said = {"visitId": visit.visit, "reason": visit.reason}
    return {
        "specversion": "1.0",
        "id": f"{EPOCH}-{visit.sequence:012d}",
        "source": f"/devices/{DEVICE}",
        "type": "io.vendstream.visit.ended.v1",
        "subject": f"machines/{machine}",
        "time": instant(visit.at),
        "datacontenttype": "application/json",
        "deviceepoch": EPOCH,
        "sequence": visit.sequence,
        "clocksync": "import",
        "data": said | ({"userRef": visit.user} if visit.user else {}),
    }
