"""A machine's business day, recomputed from ledger pages; and how later corrections stay visible.

- ``rev`` grows with every replace; ``version`` only when the figures changed, so that 1 is a day that never
  had to be corrected.
- ``closed``: the day as it stood when it closed, :data:`GRACE` after its end, else absent. ``late_units`` is
  how many units (less any that moved away) were counted after that.
- ``sites``: every site the day was ever counted at, so that after a move the former ones are set to zero.
"""

from collections.abc import Collection, Iterable, Sequence, Sized
from typing import Literal

from msgspec.structs import replace

from vending.business_day import hour_of, instant
from vending.catalog.assignments import Assignment
from vending.documents.days import Closed, Figures, MachineDay
from vending.documents.pages import LedgerPage, Line
from vending.rollups import audited
from vending.rollups.breakdowns import PRODUCTS, SELECTIONS, keep
from vending.rollups.prices import differing
from vending.rollups.tree import Contribution, add, day_id

GRACE = 2 * 3_600_000
"""Milliseconds after its end at which a day closes: devices that are merely slow have reported by then."""
MONEY: tuple[tuple[str, Literal["paidMinor", "taxMinor", "discountMinor"]], ...] = (
    ("revenue", "paidMinor"),
    ("tax", "taxMinor"),
    ("discounts", "discountMinor"),
)
"""Figure → the fact of a ledger line that it sums, by currency."""


def days_of(page: LedgerPage, assignment: Assignment) -> set[str]:
    """The business days that the lines of a ledger page belong to."""
    return {assignment.day_of(line["at"]) for line in page.lines}


def sales(line: Line) -> Figures:
    """What one ledger line adds; nothing for lines that are no vend."""
    if line["kind"] == "failure":
        return {"failures": 1}
    if line["kind"] != "vend":
        return {}
    if line["payment"] in ("free", "test"):
        return {line["payment"]: 1}
    figures: Figures = {"vends": 1, "units": line["quantity"]}
    return figures | {name: {line["currency"]: line[fact]} for name, fact in MONEY if line.get(fact)}


def figures(lines: Iterable[Line], assignment: Assignment) -> Figures:
    """The figures of a machine's lines, by hour, selection, SKU and payment method.

    Devices may name as many products and selections as they like: those that sold most are kept by name.
    Where a machine's sales are those of its audits, its devices' vends are not counted besides.
    """
    result: Figures = {}
    for line in lines:
        if line["kind"] == "audit":
            add(result, audited.counted(line, assignment))
            continue
        sold = sales(line)
        if not sold or (line["kind"] == "vend" and assignment.by_audits(line["at"], line["at"])):
            continue
        add(result, sold)
        parts = [
            ("hours", hour_of(line["at"], assignment.zone_at(line["at"]))),
            ("selections", line["selection"]),
            ("skus", assignment.sku(line)),
        ]
        if "vends" in sold:
            parts.append(("payments", line["payment"]))
        for part, name in parts:
            add(result.setdefault(part, {}).setdefault(name, {}), sold)
    for part, most in (("skus", PRODUCTS), ("selections", SELECTIONS)):
        if part in result:
            result[part] = keep(result[part], most)
    return result


def machine_day(
    held: MachineDay | None, assignment: Assignment, day: str, pages: Collection[LedgerPage], now: int
) -> MachineDay:
    """The day's document, from what is held of it (or None) and every ledger page in its window."""
    lines = [line for page in pages for line in page.lines if assignment.day_of(line["at"]) == day]
    counted, site = figures(lines, assignment), assignment.site_on(day)
    sites = held.sites if held else []
    document = MachineDay(
        id=day_id(day),
        machine_id=assignment.machine,
        date=day,
        time_zone=site.time_zone,
        site=site.id,
        sites=[*sites, *([] if site.id in sites else [site.id])],
        route=site.route,
        figures=counted,
        window=list(assignment.window(day)),
        pages=len(pages),
        catalog_version=assignment.version,
        rev=(held.rev if held else 0) + 1,
        version=(held.version if held else 0) + (held is None or counted != held.figures),
        computed_at=instant(now),
        prices=differing(lines, assignment) or None,
        recounts=held.recounts if held else None,
        buckets=held.buckets if held else None,
        rest=held.rest if held else {},
    )
    return _closed(document, held, now)


def _closed(document: MachineDay, held: MachineDay | None, now: int) -> MachineDay:
    """The day as it closed. What was last computed before the closing is how it closed: had more arrived
    until then, a tick would have counted it. A day first computed after that closes as computed."""
    closes = closing(document.window)
    document.closed = held.closed if held else None
    if now < closes:
        return document
    if document.closed is None:
        stood = (held or document).figures
        document.closed = Closed(instant(closes), stood.get("vends", 0), stood.get("units", 0))
    document.late_units = document.figures.get("units", 0) - document.closed.units
    return document


def closing(window: Sequence[int]) -> int:
    """When a day with that window closes (ms)."""
    return window[1] + GRACE


def incomplete(held: MachineDay | None, assignment: Assignment, day: str, pages: Sized) -> bool:
    """Whether a read of the pages lags behind one that the held day was computed from."""
    if held is None or held.window != list(assignment.window(day)):
        return False
    return len(pages) < held.pages


def recounted(day: MachineDay) -> MachineDay:
    """The day after some of its pages were deleted: it is computed next from those that there are."""
    return replace(day, pages=0, recounts=(day.recounts or 0) + 1)


def contributions(day: MachineDay) -> list[Contribution]:
    """What a machine day gives to its site, and to the former ones: zero."""
    shared = {name: value for name, value in day.figures.items() if name != "selections"}
    given = []
    for site in day.sites:
        here = site == day.site
        given.append(
            Contribution(
                f"site:{site}",
                day.date,
                day.machine_id,
                day.rev,
                shared if here else {},
                day.route if here else None,
                day.catalog_version,
            )
        )
    return given
