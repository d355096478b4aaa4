"""A machine's business day, recomputed from ledger pages; and how later corrections stay visible.

``{"id": "day:YYYY-MM-DD", "machineId", "type": "day", "schema", "date", "timeZone", "site", "sites": [...],
"route", "figures", "window": [from, to), "pages", "catalogVersion", "rev", "version", "computedAt", "closed",
"lateUnits"}``

- ``rev`` grows with every replace; ``version`` only when the figures changed, so that 1 is a day that never
  had to be corrected.
- ``closed``: the day as it stood when it closed, :data:`GRACE` after its end: ``{at, vends, units}``, else
  absent. ``lateUnits`` is how many units (less any that moved away) were counted after that.
- ``sites``: every site the day was ever counted at, so that a move tells the former ones zero.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from vending.business_day import hour_of, instant
from vending.catalog.catalog import Home
from vending.rollups.breakdowns import PRODUCTS, SELECTIONS, keep
from vending.rollups.rollups import SCHEMA, Contribution, Document, Figures, add, day_id

GRACE = 2 * 3_600_000
"""Milliseconds after its end at which a day closes: devices that are merely slow have reported by then."""
Line = Mapping[str, Any]


def days_of(page: Mapping[str, Any], home: Home) -> set[str]:
    """The business days that the lines of a ledger page belong to."""
    return {home.day_of(line["at"]) for line in page["lines"]}


def sales(line: Line) -> Figures:
    """What one ledger line adds; nothing for lines that are no vend."""
    if line["kind"] == "failure":
        return {"failures": 1}
    if line["kind"] != "vend":
        return {}
    if line["payment"] in ("free", "test"):
        return {line["payment"]: 1}
    figures: Figures = {"vends": 1, "units": line["quantity"]}
    money = (("revenue", "paidMinor"), ("tax", "taxMinor"), ("discounts", "discountMinor"))
    return figures | {name: {line["currency"]: line[field]} for name, field in money if line.get(field)}


def figures(lines: Iterable[Line], home: Home) -> Figures:
    """The figures of a machine's lines, by hour, selection, SKU and payment method.

    Devices may name as many products and selections as they like: those that sold most are kept by name.
    """
    result: Figures = {}
    for line in lines:
        sold = sales(line)
        if not sold:
            continue
        add(result, sold)
        parts = [
            ("hours", hour_of(line["at"], home.zone_at(line["at"]))),
            ("selections", line["selection"]),
            ("skus", home.sku(line)),
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
    held: Mapping[str, Any] | None, home: Home, day: str, pages: Iterable[Mapping[str, Any]], now: int
) -> Document:
    """The day's document, from what is held of it (or None) and every ledger page in its window."""
    pages = list(pages)
    lines = [line for page in pages for line in page["lines"] if home.day_of(line["at"]) == day]
    counted, site = figures(lines, home), home.site_on(day)
    was = held or {"rev": 0, "version": 0, "figures": None, "sites": []}
    document: Document = {
        **was,
        "id": day_id(day),
        "machineId": home.machine,
        "type": "day",
        "schema": SCHEMA,
        "date": day,
        "timeZone": site.time_zone,
        "site": site.id,
        "sites": [*was["sites"], *([] if site.id in was["sites"] else [site.id])],
        "route": site.route,
        "figures": counted,
        "window": list(home.window(day)),
        "pages": len(pages),
        "catalogVersion": home.version,
        "rev": was["rev"] + 1,
        "version": was["version"] + (counted != was["figures"]),
        "computedAt": instant(now),
    }
    return document | _closing(held, document, now)


def _closing(held: Mapping[str, Any] | None, document: Document, now: int) -> Document:
    """The day as it closed. What was last computed before the closing is how it closed: had more arrived
    until then, a tick would have counted it. A day first computed after that closes as computed."""
    closes = document["window"][1] + GRACE
    if now < closes:
        return {"lateUnits": 0}
    closed = held.get("closed") if held else None
    if closed is None:
        stood = (held or document)["figures"]
        closed = {"at": instant(closes), "vends": stood.get("vends", 0), "units": stood.get("units", 0)}
    return {"closed": closed, "lateUnits": document["figures"].get("units", 0) - closed["units"]}


def incomplete(held: Mapping[str, Any] | None, home: Home, day: str, pages: Mapping[str, Any]) -> bool:
    """Whether a read of the pages lags behind one that the held day was computed from."""
    if held is None or held["window"] != list(home.window(day)):
        return False
    return len(pages) < int(held["pages"])


def recounted(document: Mapping[str, Any]) -> Document:
    """The day after some of its pages were deleted: it is computed next from those that there are."""
    return {**document, "pages": 0}


def contributions(document: Mapping[str, Any]) -> list[Contribution]:
    """What a machine day gives to its site, and to the former ones: zero."""
    shared = {name: value for name, value in document["figures"].items() if name != "selections"}
    given = []
    for site in document["sites"]:
        here = site == document["site"]
        given.append(
            Contribution(
                f"site:{site}",
                document["date"],
                document["machineId"],
                document["rev"],
                shared if here else {},
                document["route"] if here else None,
                document["catalogVersion"],
            )
        )
    return given
