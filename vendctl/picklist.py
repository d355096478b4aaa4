"""``vendctl picklist ROUTE``: what to take along to a route's machines, per machine and in all."""

import argparse
import asyncio
import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime

from vendctl.environment import load
from vending import wiring
from vending.errors import Rejected, VendstreamError
from vending.usecases.catalog_cache import CatalogCache
from vending.usecases.pick_list import PickList, pick_list


async def run(route: str, lead_days: float, window: int) -> PickList:
    """Plan with the deployment that the process's environment names."""
    try:
        catalog = CatalogCache(wiring.catalog(), wiring.settings().default_time_zone)
        return await pick_list(route, datetime.now(UTC), lead_days, window, wiring.machines(), catalog)
    finally:
        await wiring.close()


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


def as_json(found: PickList) -> str:
    """``{"route", "stops": [{"machine", "site", "picks": [...], "unplanned": [...]}], "load": {...}}``."""
    return json.dumps(asdict(found) | {"load": found.load})


def main(argv: list[str]) -> int:
    """The command: 0 done, 1 no service, 2 an unknown route."""
    parser = argparse.ArgumentParser(prog="vendctl picklist", description=__doc__)
    parser.add_argument("route")
    parser.add_argument("--in-days", type=float, default=1.0, help="days until the visit; default 1")
    parser.add_argument(
        "--window", type=int, default=14, help="days whose sales are expected again; default 14"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--settings", help="a local.settings.json, for what the environment lacks")
    asked = parser.parse_args(argv)
    if asked.in_days < 0 or asked.window < 1:
        parser.error("--in-days is at least 0, --window at least 1")
    os.environ.update(load(asked.settings, os.environ))
    try:
        found = asyncio.run(run(asked.route, asked.in_days, asked.window))
    except VendstreamError as fault:
        print(fault, file=sys.stderr)
        return 2 if isinstance(fault, Rejected) else 1
    print(as_json(found) if asked.json else explain(found))
    return 0
