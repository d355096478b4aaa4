"""The slots of a machine while a fold works on them: an event's effects happen whole, or not at all."""

from collections.abc import Collection, Mapping, Sequence

from vending.documents.stock import StoredSlot
from vending.errors import Rejected
from vending.events.base import SlotEffect
from vending.events.event import Order
from vending.state.slots import Slot

MAX_SLOTS = 120
ONLY_FAILED = 20
"""Selections of which nothing is known but that they failed: none takes the place of a slot with goods in it,
and failures of further ones are not remembered."""


class Shelf:
    """Reads slots of the stock document as they are touched; :meth:`dump` gives all of them back."""

    def __init__(self, stored: Mapping[str, StoredSlot]) -> None:
        self._stored = stored
        self._touched: dict[str, Slot] = {}

    def apply(self, order: Order, effects: Sequence[SlotEffect]) -> dict[str, StoredSlot]:
        """The effects of one event; the touched slots as they were before. Raises :class:`Rejected`."""
        self._check_room([effect.selection for effect in effects if not effect.failed])
        before = {effect.selection: self._slot(effect.selection).dump() for effect in effects}
        try:
            for effect in effects:
                self._apply(order, effect)
        except Rejected:
            self._touched |= {selection: Slot(raw) for selection, raw in before.items()}
            raise
        return before

    def changed(self, before: Mapping[str, StoredSlot]) -> bool:
        """Whether any of these slots is another one now."""
        return any(self._slot(selection).dump() != raw for selection, raw in before.items())

    def dump(self) -> dict[str, StoredSlot]:
        """The document form, without slots that nothing is known of."""
        known = {selection: slot.dump() for selection, slot in self._touched.items() if slot.known}
        return dict(sorted({**self._stored, **known}.items()))

    def _apply(self, order: Order, effect: SlotEffect) -> None:
        slot = self._slot(effect.selection)
        if effect.level is not None:
            slot.count(order, effect.level)
        if effect.capacity is not None:
            slot.holds(order, effect.capacity)
        if effect.vended:
            slot.vend(order, effect.vended)
        if effect.failed and (slot.known or self._only_failed() < ONLY_FAILED):
            slot.fail(order)

    def _check_room(self, selections: Collection[str]) -> None:
        if len(set(selections)) < len(selections):
            raise Rejected("wrong-schema", "a selection is named twice in one event")
        known = self._stored.keys() | {name for name, slot in self._touched.items() if slot.known}
        if len(known | set(selections)) > MAX_SLOTS:
            stated = {name for name in known if self._slot(name).stated}
            if len(stated | set(selections)) > MAX_SLOTS:
                raise Rejected("wrong-schema", f"the machine would have more than {MAX_SLOTS} slots")

    def _only_failed(self) -> int:
        return sum(bool(slot[3:]) and not any(slot[:3]) for slot in self.dump().values())

    def _slot(self, selection: str) -> Slot:
        if selection not in self._touched:
            self._touched[selection] = Slot(self._stored.get(selection))
        return self._touched[selection]
