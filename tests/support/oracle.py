"""A small fleet's events and, computed directly from them, what every store must hold in the end.

The truth knows nothing of documents, orders of arrival or batches: it looks at all distinct events at once.
"""

import random
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.support.events import body, hub_event, level, temperature, vend
from vending.events.base import StockEvent
from vending.events.event import Event, parse
from vending.events.inventory import InventoryLevel, InventoryRestocked
from vending.events.vends import VendCompleted, VendFailed

SELECTIONS = ("A1", "A2", "B1")


def events(dice: random.Random, machines: int, count: int) -> list[bytes]:
    """``count`` events of ``machines`` machines, as they happened; boards are swapped at times."""
    boards = {machine: [1, 0, 0] for machine in range(machines)}
    found: list[bytes] = []
    for _ in range(count):
        machine = dice.randrange(machines)
        board = boards[machine]
        if dice.random() < 0.02:
            board[:] = [board[0] + 1, 0, 0]
        board[1] += 1
        who: dict[str, Any] = {"machine": f"m{machine}", "device": f"dev-{machine}-{board[0] // 2}"}
        found.append(_event(dice, board, who | {"epoch": board[0]}))
    return found


def _event(dice: random.Random, board: list[int], who: dict[str, Any]) -> bytes:
    selection, kind, number = dice.choice(SELECTIONS), dice.random(), board[1]
    if kind < 0.25:
        return temperature(number, dice.choice([2.0, 4.5, 7.0]), **who)
    if kind < 0.3:
        return body("door", {"open": dice.random() < 0.5}, number, **who)
    if kind < 0.38:
        name = dice.choice(["fault.raised", "fault.cleared"])
        return body(name, {"component": "coin", "code": dice.choice(["EAR", "EAB"])}, number, **who)
    if kind < 0.48:
        return level(number, dice.randint(0, 12), selection, **who)
    board[2] += 1
    if kind < 0.85:
        more = {"levelAfter": dice.randint(0, 9)} if dice.random() < 0.1 else {}
        data = more | {"paymentMethod": dice.choice(["cash", "cashless", "free", "test"])}
        return vend(number, selection, units=dice.randint(1, 2), ledger=board[2], data=data, **who)
    if kind < 0.93:
        lines = [{"selection": selection, "before": 0, "added": 6, "after": dice.randint(3, 12)}]
        restocked = {"visitId": f"visit-{number}", "lines": lines}
        return body("inventory.restocked", restocked, number, ledger=board[2], **who)
    if kind < 0.96:
        data = {"visitId": "v", "bagId": "b", "currency": "EUR", "boxMinor": 5, "billsMinor": 6}
        return body("cash.collected", data, number, ledger=board[2], **who)
    failed: dict[str, Any] = {"vendId": f"v{number}", "selection": selection, "currency": "EUR"}
    failed |= {"reason": dice.choice(["nodrop", "motor", "cancel"]), "priceMinor": 70 + number}
    failed |= dice.choice([{}, {"refunded": False}, {"refunded": True}])
    return body("vend.failed", failed, number, ledger=board[2], **who)


def of(bodies: Iterable[bytes]) -> dict[str, Any]:
    """Per machine: ledger numbers, totals, units on hand; and the newest of each register."""
    machines: dict[str, list[Event]] = {}
    for content in set(bodies):
        event = parse(hub_event(0, content))
        machines.setdefault(event.machine, []).append(event)
    return {machine: _machine(own) for machine, own in machines.items()}


def _machine(own: list[Event]) -> dict[str, Any]:
    counted = [event for event in own if event.ledger is not None]
    return {
        "numbers": {(event.device, event.envelope.deviceepoch, event.ledger) for event in counted},
        "digests": {
            (event.device, event.envelope.deviceepoch, event.ledger): event.digest for event in counted
        },
        "totals": _totals(counted),
        "onHand": _on_hand(own),
        "failed": _failed(own),
        "cash": _cash(counted),
        "owed": _owed(counted),
        "seen": max(event.order for event in own),
        "temperature": max((e.order, e.data.celsius) for e in own if e.name == "temperature")  # type: ignore[attr-defined]
        if any(event.name == "temperature" for event in own)
        else None,
    }


def _totals(counted: list[Event]) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    revenue: Counter[str] = Counter()
    others = {"vend.failed": "failures", "inventory.restocked": "restocks", "cash.collected": "collections"}
    for event in counted:
        data = event.data
        if not isinstance(data, VendCompleted):
            counts[others[event.name]] += 1
            continue
        method = data.payment_method
        counts[method if method in ("free", "test") else "vends"] += 1
        if method != "test":
            counts["units"] += data.quantity
            revenue[data.currency] += data.paid_minor
    return dict(counts) | ({"revenue": dict(revenue)} if revenue else {})


def _jammed(event: Event) -> bool:
    return isinstance(event.data, VendFailed) and event.data.reason in ("motor", "nodrop")


def _failed(own: list[Event]) -> dict[str, list[list[int]]]:
    """Of each slot the orders of the newest four failures after anything else was heard of it."""
    other: dict[str, tuple[int, int]] = {}
    for event in own:
        for effect in event.data.slots() if isinstance(event.data, StockEvent) else ():
            if not effect.failed:
                other[effect.selection] = max(other.get(effect.selection, (0, 0)), event.order)
    failed: dict[str, list[list[int]]] = {}
    for event in sorted((event for event in own if _jammed(event)), key=lambda event: event.order):
        assert isinstance(event.data, VendFailed)
        if event.order > other.get(event.data.selection, (0, 0)):
            failed.setdefault(event.data.selection, []).append([*event.order])
    return {selection: orders[-4:] for selection, orders in failed.items()}


def _cash(counted: list[Event]) -> int:
    """What was paid in cash in spans of 256 numbers after that of the newest collection."""
    spans = [(event, (event.order[0], event.order[1] // 256)) for event in counted]
    emptied = max((span for event, span in spans if event.name == "cash.collected"), default=(0, -1))
    return sum(
        event.data.paid_minor
        for event, span in spans
        if isinstance(event.data, VendCompleted) and event.data.payment_method == "cash" and span > emptied
    )


def _owed(counted: list[Event]) -> list[list[Any]]:
    """The newest four vends that were paid, failed and not refunded."""
    found = [
        [*event.order, event.at.ms, event.data.price_minor, event.data.currency, event.data.selection]
        for event in counted
        if isinstance(event.data, VendFailed) and _jammed(event) and event.data.refunded is False
    ]
    return sorted(found)[-4:]


def _on_hand(own: list[Event]) -> dict[str, int | None]:
    stated: dict[str, tuple[tuple[int, int], int]] = {}
    vended: dict[str, list[tuple[tuple[int, int], int]]] = {}
    for event in own:
        data = event.data
        said: list[tuple[str, int]] = []
        if isinstance(data, InventoryLevel):
            said = [(line.selection, line.level) for line in data.selections]
        elif isinstance(data, InventoryRestocked):
            said = [(line.selection, line.after) for line in data.lines]
        elif isinstance(data, VendCompleted):
            vended.setdefault(data.selection, []).append((event.order, data.quantity))
            said = [(data.selection, data.level_after)] if isinstance(data.level_after, int) else []
        elif _jammed(event):
            assert isinstance(data, VendFailed)
            vended.setdefault(data.selection, [])
        for selection, units in said:
            stated[selection] = max(stated.get(selection, (event.order, units)), (event.order, units))
    return {
        selection: max(
            0,
            stated[selection][1]
            - sum(n for order, n in vended.get(selection, ()) if order > stated[selection][0]),
        )
        if selection in stated
        else None
        for selection in stated.keys() | vended.keys()
    }
