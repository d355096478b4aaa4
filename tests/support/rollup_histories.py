"""Long histories of a small fleet, drawn evenly from a seed: hypothesis draws mostly short ones.

What may happen is what the property of ``tests/unit/rollups/test_roll_up_property.py`` knows; what is found
here is written down there as an ``@example``.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

MACHINES, SITES = ("m1", "m2", "m3"), ("north", "south")
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)
CATALOG_DAYS = ("", "2026-10-24", "2026-10-25", "2026-10-26")
MOMENTS = ("", "2026-10-24", "2026-10-25T02:30", "2026-10-26")
CHANGES: dict[str, tuple[Sequence[str], ...]] = {
    "zone": (SITES, ZONES),
    "route": (SITES, ("r1", "r2")),
    "place": (MACHINES, SITES, CATALOG_DAYS),
    "sku": (MACHINES, ("water", "tea"), MOMENTS),
}
"""What is changed in the catalog → of which name, to what, and since when."""
FACTS: dict[str, Sequence[Any]] = {
    "selection": ("A1", "A2"),
    "currency": ("EUR", "USD"),
    "quantity": range(1, 4),
    "paymentMethod": ("cash", "cashless", "free", "test"),
    "paidMinor": range(501),
}
"""Of a vend."""
OPTIONAL: dict[str, Sequence[Any]] = {
    "sku": ("cola", "chips"),
    "product": ("Cola", "Nuts"),
    "taxMinor": range(91),
    "discountMinor": range(51),
}
"""What a vend may tell as well."""
REFUSED = ("site:north", "area:", "region:", "route:r1", "fleet", "products", "early:", "-")
"""Beginnings of scopes that cannot be written."""
MINUTES = 3 * 24 * 60
LATER = (0, 2, 5, 8, 12, 72)
"""Hours after the last event: days are open, closing here and open there, or closed."""
EVENTS, STEPS = (4, 30), (3, 12)
"""How many there are, at least and at most."""
Step = Any
Event = tuple[str, int, dict[str, Any] | None]


class History(NamedTuple):
    """Events (machine, minute, facts of a vend; None: it failed), what happens, a seed, hours to the end."""

    events: list[Event]
    script: list[Step]
    seed: int
    later: int


def history(seed: int) -> History:
    """The same for the same seed."""
    random = Random(seed)
    events = [_event(random) for _ in range(random.randint(*EVENTS))]
    kinds: list[Callable[[Random], Step]] = [_batch, _change, _refusal, _tick, _tick]
    script = [random.choice(kinds)(random) for _ in range(random.randint(*STEPS))]
    return History(events, script, random.randint(0, 999), random.choice(LATER))


def _event(random: Random) -> Event:
    facts = _vend(random) if random.random() < 0.5 else None
    return random.choice(MACHINES), random.randrange(MINUTES), facts


def _vend(random: Random) -> dict[str, Any]:
    facts, optional = (
        {name: random.choice(values) for name, values in of.items()} for of in (FACTS, OPTIONAL)
    )
    return facts | {name: value for name, value in optional.items() if random.random() < 0.5}


def _batch(random: Random) -> list[int]:
    return [random.randint(0, EVENTS[1] - 1) for _ in range(random.randint(1, 6))]


def _change(random: Random) -> tuple[str, ...]:
    changes = [(what, *map(random.choice, values)) for what, values in CHANGES.items()]
    return random.choice(changes)


def _refusal(random: Random) -> str:
    return random.choice(REFUSED)


def _tick(random: Random) -> dict[str, list[Any]]:
    plans = [
        (random.randint(1, 12) if random.random() < 0.5 else None, random.random() < 0.5)
        for _ in range(random.randint(1, 4))
    ]
    beside = [random.choice([_batch, _change])(random) for _ in range(random.randint(0, 2))]
    return {"tick": plans, "meanwhile": beside}
