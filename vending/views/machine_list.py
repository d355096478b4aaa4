"""The list of machines: searched, filtered and sorted over the whole fleet. Only the stock of the machines on
the page is read."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal

from msgspec import UNSET

from vending.business_day import instant
from vending.documents.stock import MachineStock
from vending.state import stock
from vending.views import condition_view, paging, stock_view
from vending.views.answers.conditions import State
from vending.views.answers.machines import MachineList, MachineRow
from vending.views.machine_stocks import stocks
from vending.views.paging import Order, Place
from vending.views.roster import Member, roster
from vending.views.stores import ViewStores

Sort = Literal[
    "id", "name", "site", "route", "lastSeen", "soldOut", "alerts",
    "-id", "-name", "-site", "-route", "-lastSeen", "-soldOut", "-alerts",
]  # fmt: skip
"""With ``-``: the greatest first."""
member_id: Callable[[Member], str] = attrgetter("id")
KEYS: Mapping[str, tuple[type[str] | type[int], Callable[[Member], Any]]] = {
    "id": (str, member_id),
    "name": (str, lambda one: one.name.casefold()),
    "site": (str, lambda one: one.site_name.casefold()),
    "route": (str, lambda one: one.route),
    "lastSeen": (int, lambda one: one.seen),
    "soldOut": (int, lambda one: one.sold_out),
    "alerts": (int, lambda one: len(one.alerts)),
}


@dataclass(frozen=True)
class MachineQuery:
    """Which machines, and in which order. What is None or empty lets every machine in.

    ``words``: each stands somewhere in the machine's id or name, in its site's, or in its route. ``rule``:
    an alert of it is open. ``placed``: only those that the catalog names.
    """

    limit: int = 100
    after: Place | None = None
    words: Sequence[str] = ()
    site: str | None = None
    route: str | None = None
    state: State | None = None
    rule: str | None = None
    placed: bool = False
    sort: Sort = "id"

    def admits(self, one: Member, silent_before: int) -> bool:
        """Whether the machine is one of them."""
        return (
            (self.site is None or one.site == self.site)
            and (self.route is None or one.route == self.route)
            and (one.placed or not self.placed)
            and (self.rule is None or any(alert.rule == self.rule for alert in one.alerts))
            and (self.state is None or condition_view.state(one.entry, silent_before) == self.state)
            and all(word in one.text for word in self.words)
        )


def order_of(sort: Sort) -> Order[Member]:
    """The order of that name."""
    kind, key = KEYS[sort.removeprefix("-")]
    return Order(sort, kind, key, member_id, down=sort.startswith("-"))


def place_of(sort: Sort, after: str) -> Place | None:
    """Where a page begins; ``""`` is the beginning of the list. The cursor of the order by id is the id
    itself. Raises ValueError for a text that is no cursor of that order."""
    if not after:
        return None
    return Place(after, after) if sort == "id" else order_of(sort).placed(after)


async def machine_list(stores: ViewStores, query: MachineQuery, now: datetime) -> MachineList:
    """A page of the machines that match."""
    fleet, limit = await roster(stores, now), stores.silent_before(now)
    matching = [one for one in fleet if query.admits(one, limit)]
    order = order_of(query.sort)
    page = paging.page(matching, order, query.after, query.limit)
    ids = sorted(one.id for one in page.rows)
    held = await stocks(stores.machines, ids, _spanned(fleet, ids))
    rows = [_row(one, held.get(one.id, stock.empty(one.id)), limit) for one in page.rows]
    last = page.rows[-1] if page.more else None
    go_on = None if last is None else last.id if query.sort == "id" else order.cursor(last)
    return MachineList(rows, go_on, len(matching))


def _spanned(fleet: Sequence[Member], ids: Sequence[str]) -> int:
    """How many machines there are from the first to the last."""
    if not ids:
        return 0
    first, last = (bisect_left(fleet, one, key=member_id) for one in (ids[0], ids[-1]))
    return last - first + 1


def _row(one: Member, held: MachineStock | None, silent_before: int) -> MachineRow:
    """``held`` is None where it is malformed: the row says so, and what it shows of the stock is nothing."""
    return MachineRow(
        machine_id=one.id,
        name=one.name,
        site=one.site or None,
        site_name=one.site_name or None,
        route=one.route or None,
        state=condition_view.state(one.entry, silent_before),
        last_seen=None if one.seen < 0 else instant(one.seen),
        temperatures=condition_view.temperatures(one.entry),
        faults=condition_view.faults(one.entry),
        door_open=condition_view.newest(one.entry, "door"),
        power=condition_view.newest(one.entry, "power"),
        alerts=len(one.alerts),
        rules=sorted({alert.rule for alert in one.alerts}),
        defective=True if held is None else UNSET,
        **stock_view.overview(held or stock.empty("")),
    )
