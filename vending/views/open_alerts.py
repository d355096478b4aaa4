"""Which alerts are open, by machine: what lists filter and count by, and no more of each than that."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from msgspec import structs

from vending.answer import Answer
from vending.documents.alerts import Alert
from vending.ports import Documents
from vending.readable import pass_over
from vending.views.stores import EACH_ALERT, ViewStores

Open = Mapping[str, list["OpenAlert"]]


class OpenAlert(Answer, frozen=True):
    """An open alert; ``since`` is in milliseconds since 1970 UTC."""

    machine_id: str
    rule: str
    component: str
    since: int


FIELDS = tuple(one.encode_name for one in structs.fields(OpenAlert))


async def by_machine(stores: ViewStores, now: datetime) -> Open:
    """The open alerts of the fleet; one that is malformed is logged and left out."""

    def lasts(found: Open) -> timedelta:
        return sum(map(len, found.values())) * EACH_ALERT

    held: Open = await stores.recent.get("open by machine", now, lambda: _read(stores.alerts), lasts)
    return held


async def _read(alerts: Documents) -> Open:
    found: dict[str, list[OpenAlert]] = {}
    async for stored in alerts.select(None, ("type", "=", Alert.type), ("state", "=", "open"), fields=FIELDS):
        try:
            alert = msgspec.convert(stored.body, OpenAlert)
        except msgspec.ValidationError as fault:
            pass_over(fault)
            continue
        found.setdefault(alert.machine_id, []).append(alert)
    return found
