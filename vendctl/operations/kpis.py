"""Key figures of the trade, from machine days, stock and planograms. Each says its formula and its source.

Slots are by selection. ``on_hand`` and ``par`` are units; None on hand where nobody ever counted, and such a
slot counts nowhere. Days are business days. Where a figure has no answer it is None, never a guess.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

HOUR = 3_600_000
Spans = list[tuple[int, int]]
Lines = Iterable[Mapping[str, Any]]


def vends_per_day(days: Mapping[str, Mapping[str, Any] | None], window: Sequence[str]) -> float:
    """VPD: paid vends ÷ days of the window, days without a sale included.

    ``days`` is figures by date (:func:`vending.rollups.rollups.total`), ``window`` the dates asked about.
    Source: the sales velocity of vending management systems (VendSoft averages it over the last visits; here
    the caller chooses the days). Raises ValueError for an empty window.
    """
    if not window:
        raise ValueError("vends per day of no days at all; name at least one")
    sold: int = sum((days.get(day) or {}).get("vends", 0) for day in window)
    return sold / len(window)


def units_per_day(days: Mapping[str, Mapping[str, Any] | None], window: Sequence[str]) -> dict[str, float]:
    """Units ÷ day of each selection: what depletes a slot, free and test vends (one unit each) included."""
    if not window:
        raise ValueError("units per day of no days at all; name at least one")
    sold: dict[str, int] = {}
    for day in window:
        for selection, figures in ((days.get(day) or {}).get("selections") or {}).items():
            count = sum(figures.get(name, 0) for name in ("units", "free", "test"))
            sold[selection] = sold.get(selection, 0) + count
    return {selection: count / len(window) for selection, count in sold.items()}


def days_to_empty(on_hand: Mapping[str, int | None], rate: Mapping[str, float]) -> float | None:
    """The machine's first empty slot: min over slots of on hand ÷ units per day.

    None where no counted slot sells. Source: dynamic scheduling as vending management systems describe it.
    """
    left = [held / rate[name] for name, held in on_hand.items() if held is not None and rate.get(name)]
    return min(left, default=None)


def percent_depleted(on_hand: Mapping[str, int | None], full: Mapping[str, int]) -> float | None:
    """1 − Σ on hand ÷ Σ full, in percent; ``full`` is par or capacity by the operator's choice.

    A slot above its par counts as full. Source: VendMAX's "% depleted", which leaves the same choice.
    """
    counted = {name: held for name, held in on_hand.items() if held is not None and full.get(name)}
    whole = sum(full[name] for name in counted)
    if not whole:
        return None
    return 100 * (1 - sum(min(held, full[name]) for name, held in counted.items()) / whole)


def empty_spans(selection: str, level: int | None, lines: Lines, start: int, end: int) -> Spans:
    """When a slot was empty in [start, end) (milliseconds): from its level at the start, and ledger lines.

    A restock sets the level to what it left in the slot; a vend takes its units; a vend that failed as
    ``soldout`` says that the slot is empty. An unknown level counts as not empty.
    """
    spans: Spans = []
    since = start if level == 0 else None
    for line in sorted(lines, key=lambda line: (line["at"], line["sequence"])):
        if not start <= line["at"] < end:
            continue
        level = _level_after(selection, level, line)
        if level == 0 and since is None:
            since = int(line["at"])
        elif level != 0 and since is not None:
            spans.append((since, int(line["at"])))
            since = None
    if since is not None:
        spans.append((since, end))
    return spans


def _level_after(selection: str, level: int | None, line: Mapping[str, Any]) -> int | None:
    if line["kind"] == "restock":
        left = [row[-1] for row in line["slots"] if row[0] == selection]
        return int(left[-1]) if left else level
    if line.get("selection") != selection:
        return level
    if line["kind"] == "vend" and level is not None:
        return max(0, level - int(line["quantity"]))
    if line["kind"] == "failure" and line["reason"] == "soldout":
        return 0
    return level


def stock_out_hours(spans: Iterable[tuple[int, int]]) -> float:
    """Empty slot-hours: Σ length of the spans. The rate is this ÷ (slots × hours of the window).

    Source: the stock-out rate of retail (time out of stock ÷ time on sale), per slot instead of per item.
    """
    return sum(end - start for start, end in spans) / HOUR


def lost_sales(spans: Iterable[tuple[int, int]], rate: float, price_minor: int) -> int:
    """What empty slots cost, in minor units: units per day × empty days × price, rounded."""
    return round(rate * stock_out_hours(spans) / 24 * price_minor)


def availability(start: int, end: int, *out: Iterable[tuple[int, int]]) -> float | None:
    """Percent of [start, end) in which the machine could sell: 1 − |union of the spans| ÷ window.

    ``out`` is any number of span lists (silent, out of service, powered off) which may overlap: time is lost
    once. Source: availability as uptime ÷ total time (IEC 60050-192), downtime being the union of causes.
    """
    if end <= start:
        return None
    lost, reached = 0, start
    for since, until in sorted(span for spans in out for span in spans):
        since, until = max(since, reached), min(until, end)
        if until > since:
            lost, reached = lost + until - since, until
    return 100 * (end - start - lost) / (end - start)


def missed_vends(meter_before: int, meter_after: int, vends: int) -> int | None:
    """Vends that the machine's own odometer counted and the ledger does not hold: Δ meter − vend events.

    The meter is the count of paid vends since initialisation (EVA-DTS VA102) at two audits, ``vends`` the
    paid vends in the ledger between them. Negative: the ledger holds more than the meter turned. None where
    the meter went back (a swapped or reset board): a new baseline, no statement.
    """
    if meter_after < meter_before:
        return None
    return meter_after - meter_before - vends


def missing_numbers(holes: Mapping[str, Sequence[Sequence[int]]]) -> int:
    """Missed-vend estimate without audits: ledger numbers that devices gave and nobody received.

    ``holes`` is :func:`vending.state.stock.missing`: every hole is one ledger event, nearly always a vend.
    """
    return sum(last - first + 1 for spans in holes.values() for first, last in spans)
