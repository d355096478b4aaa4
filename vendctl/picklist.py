"""What to take along to a route's machines, per machine and in all."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from vending import wiring
from vending.usecases.catalog_cache import CatalogCache
from vending.usecases.pick_list import PickList, pick_list


async def run(route: str, lead_days: float, window: int) -> PickList:
    """Plan with the deployment that is wired. Raises Rejected for a route that there is not."""
    catalog = CatalogCache(wiring.catalog(), wiring.settings().default_time_zone)
    return await pick_list(route, datetime.now(UTC), lead_days, window, wiring.machines(), catalog)


def explain(found: PickList) -> str:
    """The list for people: stop by stop, then the load."""
    lines = [f"route {found.route}: {len(found.stops)} machines"]
    for stop in found.stops:
        lines += ["", f"{stop.machine} at {stop.site}"]
        for pick in stop.picks:
            have = f"holds {pick.on_hand} of {pick.par}, sells {pick.expected:.1f} until then"
            lines.append(f"  {pick.selection:>6}  {pick.quantity:>4}  {pick.sku:<20} {have}")
        if not stop.picks:
            lines.append("  nothing to fill")
        if stop.unplanned:
            lines.append(f"  never counted, or without par: {', '.join(stop.unplanned)}")
    lines += ["", "load"]
    return "\n".join(lines + [f"  {units:>6}  {sku}" for sku, units in found.load.items()])


def figures(found: PickList) -> dict[str, Any]:
    """``{"route", "stops": [{"machine", "site", "picks": [...], "unplanned": [...]}], "load": {...}}``."""
    return asdict(found) | {"load": found.load}
