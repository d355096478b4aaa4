"""A batch is bounded by events, not by bytes: who works on one takes it in slices of so many bytes."""

from collections.abc import Callable, Iterable, Iterator

from vending.events.hub_event import HubEvent

SLICE = 4 * 1024 * 1024
"""Bytes of events that a function works on at a time. An ordinary batch (500 events of 400 bytes) is one."""


def size(event: HubEvent) -> int:
    """About how many bytes an event holds: its body, and its properties, which the sender decides too."""
    total = len(event.body) if event.amqp is None else len(event.body) + len(repr(event.amqp))
    for field in (event.properties, event.system):
        for name, value in field.items():
            total += len(name) + (len(value) if type(value) is str else len(repr(value)))
    return total


def slices[Item](items: Iterable[Item], size: Callable[[Item], int], limit: int) -> Iterator[list[Item]]:
    """The items in order, cut so that each slice holds at most ``limit`` bytes, or one larger item."""
    held: list[Item] = []
    total = 0
    for item in items:
        more = size(item)
        if held and total + more > limit:
            yield held
            held, total = [], 0
        held.append(item)
        total += more
    if held:
        yield held
