"""What each segment of EVA-DTS 6 means, as far as it is claimed: one function a segment, by its name.

A reader takes what it understands into the draft. False: this segment has no place there (a second one of its
key, or one of no selection), and is kept unread.
"""

from collections.abc import Callable

from vending.uploads.dex.audit import (
    DeviceSales,
    Event,
    EventCount,
    Identity,
    Meter,
    Reading,
    Selection,
    Tally,
    Tube,
)
from vending.uploads.dex.draft import Draft
from vending.uploads.dex.fields import Fields
from vending.uploads.dex.money import money
from vending.uploads.dex.told import Told

Reader = Callable[[Fields, Draft, Told], bool]
FLOWS = {
    "CA3": {
        1: (False, "received"), 2: (False, "box"), 3: (False, "tubes"), 4: (False, "notes"),
        5: (True, "received"), 6: (True, "box"), 7: (True, "tubes"), 8: (True, "notes"),
        9: (False, "bills"), 10: (True, "bills"),
    },
    "CA4": {1: (False, "dispensed"), 2: (False, "manual"), 3: (True, "dispensed"), 4: (True, "manual")},
    "CA8": {1: (False, "overpaid"), 2: (True, "overpaid")},
    "CA10": {1: (False, "filled"), 2: (True, "filled")},
    "DA4": {1: (True, "credited"), 2: (False, "credited")},
}  # fmt: skip
"""Segment → number of the field → (cumulative?, field of ``CashFlow``)."""


def _session(fields: Fields, draft: Draft, __: Told) -> bool:
    draft.communication, draft.version, _ = fields.text(1), fields.text(3), fields.sent(4)
    return True


def _identity(fields: Fields, draft: Draft, _: Told) -> bool:
    serial, model, build = fields.text(1), fields.text(2), fields.text(3)
    place = (fields.text(4), fields.text(6)) if fields.segment.name == "ID1" else ("", "")
    draft.identities[fields.segment.name] = Identity(serial, model, build, *place)
    return True


def _money(fields: Fields, draft: Draft, _: Told) -> bool:
    draft.money = money(fields)
    return True


def _clock(fields: Fields, draft: Draft, _: Told) -> bool:
    draft.clock = fields.moment(1, 2)
    return True


def _meter(fields: Fields, draft: Draft, _: Told) -> bool:
    draft.meters[fields.segment.name] = fields.meter()
    return True


def _flow(fields: Fields, draft: Draft, _: Told) -> bool:
    places = FLOWS[fields.segment.name]
    for (cumulative, field), amount in zip(places.values(), fields.numbers(*places), strict=True):
        (draft.cumulative if cumulative else draft.interval)[field] = amount
    return True


def _tube_value(fields: Fields, draft: Draft, _: Told) -> bool:
    [draft.tube_value] = fields.numbers(1)
    return True


def _tube(fields: Fields, draft: Draft, _: Told) -> bool:
    coin = fields.text(1)
    value, count = fields.numbers(2, 3)
    draft.tubes.append(Tube(coin, value, count, fields.flag(6)))
    return True


def _selection(fields: Fields, draft: Draft, told: Told) -> bool:
    line, name, shift = fields.segment.line, fields.text(1), 0
    if not name and fields.sent(2).isdigit() and fields.sent(3).isdigit():
        name, shift = fields.text(2), 1
        told(line, "shifted", f"PA101 is empty: PA102 is taken as the selection {name}, PA103 as its price")
    draft.selection = None
    if not name:
        told(line, "no-selection", "PA1 names none, so what follows it belongs to none")
        return False
    if name in draft.selections:
        told(line, "repeated-segment", f"selection {name} is there already, so what follows is not counted")
        return False
    draft.selection = name
    draft.selections[name] = _shifted(fields, name) if shift else _product(fields, name)
    return True


def _shifted(fields: Fields, name: str) -> Selection:
    [price] = fields.numbers(3)
    return Selection(name, price)


def _product(fields: Fields, name: str) -> Selection:
    price, capacity, par, level, minimum = fields.numbers(2, 4, 5, 8, 9)
    return Selection(name, price, fields.text(3), capacity, par, fields.flag(7), level, minimum)


def _product_meter(fields: Fields, draft: Draft, told: Told) -> bool:
    name = _of_selection(fields, draft, told)
    if name is None:
        return False
    meters = draft.product_meters.setdefault(name, {})
    if fields.segment.name in meters:
        told(fields.segment.line, "repeated-segment", f"a second {fields.segment.name} of selection {name}")
        return False
    meters[fields.segment.name] = fields.meter(count_first=True)
    return True


def _sold_out(fields: Fields, draft: Draft, told: Told) -> bool:
    name = _of_selection(fields, draft, told)
    if name is None:
        return False
    at = fields.moment(1, 2)
    [presses] = fields.numbers(3)
    draft.sold_out.setdefault(name, (at, presses))
    return True


def _of_selection(fields: Fields, draft: Draft, told: Told) -> str | None:
    if draft.selection is None:
        told(fields.segment.line, "no-selection", f"{fields.segment.name} behind no PA1 of its own")
    return draft.selection


def _device_sales(fields: Fields, draft: Draft, told: Told) -> bool:
    name, device, price_list = fields.text(1), fields.text(2).upper(), fields.text(3)
    line = fields.segment.line
    if not name or not device:
        told(line, "no-selection", "PA7 names no selection or no device")
        return False
    held = draft.sales.setdefault(name, {})
    if (device, price_list) in held:
        told(line, "repeated-segment", f"a second PA7 of selection {name}, {device}, price list {price_list}")
        return False
    price, count, value, count_reset, value_reset = fields.numbers(4, 5, 6, 7, 8)
    meter = Meter(Tally(value, count), Tally(value_reset, count_reset))
    held[device, price_list] = DeviceSales(device, price_list, price, meter)
    draft.selections.setdefault(name, Selection(name))
    return True


def _event(fields: Fields, draft: Draft, _: Told) -> bool:
    code, at, [minutes], text = fields.text(1), fields.moment(2, 3), fields.numbers(4), fields.text(6)
    if code:
        draft.events.append(Event(code, at, minutes, text))
    return True


def _event_count(fields: Fields, draft: Draft, _: Told) -> bool:
    code, text, active = fields.text(1), fields.text(4), fields.flag(5)
    interval, cumulative, minutes = fields.numbers(2, 3, 6)
    if code:
        draft.event_counts.append(EventCount(code, cumulative, interval, text, active, minutes))
    return True


def _reading(fields: Fields, draft: Draft, _: Told) -> bool:
    resets, number = fields.numbers(1, 9)
    draft.reading = Reading(number, resets, fields.moment(2, 3), fields.moment(5, 6))
    return True


def _outages(fields: Fields, draft: Draft, _: Told) -> bool:
    interval, cumulative = fields.numbers(1, 2)
    draft.outages = EventCount("EA7", cumulative, interval)
    return True


ONCE: dict[str, Reader] = {
    "DXS": _session,
    **dict.fromkeys(("ID1", "CB1", "CA1", "BA1", "DA1", "DB1"), _identity),
    "ID4": _money,
    "ID5": _clock,
    **dict.fromkeys(("VA1", "VA2", "VA3", "CA2", "DA2", "DB2"), _meter),
    **dict.fromkeys(FLOWS, _flow),
    "CA15": _tube_value,
    "EA3": _reading,
    "EA7": _outages,
}
"""Segments of which a report has one: the first counts."""
OFTEN: dict[str, Reader] = {
    "CA17": _tube,
    "PA1": _selection,
    **dict.fromkeys(("PA2", "PA3", "PA4"), _product_meter),
    "PA5": _sold_out,
    "PA7": _device_sales,
    "EA1": _event,
    "EA2": _event_count,
}
