"""What mails need to know: the server, who gets them, and where machines stand."""

import logging
from asyncio import gather
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from vending import business_day
from vending.catalog.cache import CatalogCache
from vending.catalog.recipients import CatalogRecipients
from vending.documents.base import Malformed
from vending.documents.catalog import CatalogRecipient
from vending.notifications.recipients import Place, fallback
from vending.ports import Mailer
from vending.time import millis

log = logging.getLogger(__name__)
READ_AT_ONCE = 16


@dataclass(frozen=True)
class Mailing:
    """A mail server, and the catalog; ``fallback`` are the addresses for a catalog without recipients."""

    mailer: Mailer
    catalog: CatalogCache
    recipients: CatalogRecipients
    fallback: Collection[str] = ()

    async def named(self) -> tuple[CatalogRecipient, ...]:
        """Who gets mails, as of now."""
        return await self.recipients.named() or fallback(self.fallback)

    async def places(self, machines: Collection[str], now: datetime) -> dict[str, Place]:
        """Where the machines stand today. Without those that stand for the app itself, and those of which the
        catalog's entries cannot be read."""
        await self.catalog.refresh()
        found: dict[str, Place] = {}
        for portion in batched(sorted(machines), READ_AT_ONCE, strict=False):
            places = await gather(*(self._place(machine, now) for machine in portion))
            found |= {name: place for name, place in zip(portion, places, strict=True) if place}
        return found

    async def _place(self, machine: str, now: datetime) -> Place | None:
        if machine.startswith("$"):
            return None
        try:
            assignment = await self.catalog.standing(machine)
        except Malformed as fault:
            log.error("%s is mailed as if it stood nowhere: %s", machine, fault)
            return None
        site = assignment.site_on(assignment.day_of(millis(now)))
        return Place(site.id, site.name, site.time_zone, site.route)

    def local(self, at: int, place: Place | None) -> datetime:
        """The wall clock at a place; the app itself has that of machines which the catalog does not know."""
        return business_day.local(at, place.zone if place else self.catalog.default_zone)
