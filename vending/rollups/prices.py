"""Prices that a machine charges and the catalog does not have, found while a day is counted: lines and the
planogram of their moment are at hand there, and late lines correct it like any other figure. Pure."""

from collections.abc import Iterable
from typing import Any

from vending.catalog.assignments import Assignment
from vending.documents.pages import Line


def differing(lines: Iterable[Line], assignment: Assignment) -> dict[str, list[Any]]:
    """Selection → ``[milliseconds, charged, currency, catalog's price, its currency]`` of its newest sale,
    where the catalog has a price and it is another one. Minor units, of one unit.

    What was given away, or sold in a test, has no price.
    """
    newest: dict[str, Line] = {}
    for line in lines:
        if line["kind"] != "vend" or line["payment"] in ("free", "test"):
            continue
        held = newest.get(line["selection"])
        if held is None or _moment(held) < _moment(line):
            newest[line["selection"]] = line
    found = {}
    for selection, line in sorted(newest.items()):
        slot = assignment.slots_at(line["at"]).get(selection, {})
        price, currency = slot.get("priceMinor"), slot.get("currency")
        if price is None:
            continue
        charged, stated = line["priceMinor"], currency or line["currency"]
        if (charged, line["currency"]) != (price, stated):
            found[selection] = [line["at"], charged, line["currency"], price, stated]
    return found


def _moment(line: Line) -> tuple[int, int]:
    return line["at"], line["sequence"]
