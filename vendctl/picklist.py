"""What to take along to a route's machines, per machine and in all."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from vending import wiring
from vending.catalog.cache import CatalogCache
from vending.csv_text import harmless
from vending.views.picklist import PickList, Visit, pick_list


async def run(route: str, lead_days: float, window: int) -> PickList:
    """Plan with the deployment that is wired. Raises Rejected for a route that there is not."""
    catalog = CatalogCache(wiring.catalog(), wiring.settings().default_time_zone)
    visit = Visit(datetime.now(UTC), lead_days, window)
    return await pick_list(route, visit, wiring.current_machines(), catalog)


COLUMNS = ("site", "machine", "selection", "sku", "product", "take", "holds", "par", "sells_until_then")


def explain(found: PickList) -> str:
    """The list for people: stop by stop in columns, then the load."""
    lines = [f"route {found.route}: {len(found.stops)} machines, {sum(found.load.values())} units"]
    for stop in found.stops:
        place, machine = found.called("site", stop.site), found.called("machine", stop.machine)
        lines += ["", f"{place}: {machine}" + (f" ({stop.machine})" if machine != stop.machine else "")]
        rows = [
            (
                x.selection,
                str(x.quantity),
                found.called("product", x.sku),
                f"{x.on_hand} of {x.par}",
                f"{x.expected:.1f}",
            )
            for x in stop.picks
        ]
        lines += table(("slot", "take", "product", "holds", "sells"), rows) if rows else ["  nothing to fill"]
        if stop.unplanned:
            lines.append(f"  never counted, or without par: {', '.join(stop.unplanned)}")
    load = [(str(units), found.called("product", sku), sku) for sku, units in found.load.items()]
    return "\n".join([*lines, "", "load", *table(("units", "product", "sku"), load)])


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines in columns; numbers to the right."""
    widths = [max(len(row[at]) for row in (heads, *rows)) for at in range(len(heads))]
    right = [all(row[at].replace(".", "").isdigit() for row in rows) for at in range(len(heads))]
    return [
        "  "
        + "  ".join(
            f"{cell:{'>' if end else '<'}{width}}"
            for cell, width, end in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in (heads, *rows)
    ]


def as_csv(found: PickList) -> str:
    """A line for each slot to fill, under the names of ``COLUMNS``; UTF-8 for spreadsheets."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for stop in found.stops:
        for pick in stop.picks:
            place, product = found.called("site", stop.site), found.called("product", pick.sku)
            cells = [place, stop.machine, pick.selection, pick.sku, product]
            writer.writerow(
                [*map(harmless, cells), pick.quantity, pick.on_hand, pick.par, f"{pick.expected:.1f}"]
            )
    return out.getvalue().rstrip("\n")


def figures(found: PickList) -> dict[str, Any]:
    """``{"route", "stops": [{"machine", "site", "picks": [...], "unplanned": [...]}], "names", "load"}``."""
    return asdict(found) | {"load": found.load}
