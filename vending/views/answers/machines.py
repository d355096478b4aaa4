"""Answers about one machine, and its sales."""

from typing import Annotated, Any, get_type_hints

from msgspec import UNSET, Meta, UnsetType, defstruct, field

from vending.answer import Answer, Count, Day, Instant, Revenue
from vending.documents.days import Closed
from vending.documents.pages import Line
from vending.events.event_types import LEDGER
from vending.time import Quality
from vending.views.answers.alerts import Alert
from vending.views.answers.conditions import MachineCondition
from vending.views.answers.whole import MachineWhole

COUNTERS = tuple(counter for shape in LEDGER.values() for counter in shape.counters)
FACTS = tuple(dict.fromkeys(fact for shape in LEDGER.values() for fact in shape.sale))
"""Of a ledger line, that a list of sales shows."""
Numbers = Annotated[list[int], Meta(min_length=2, max_length=2, description="[first, last].")]
Totals: Any = defstruct(
    "Totals",
    [*((name, Count) for name in COUNTERS), ("revenue", Revenue)],
    bases=(Answer,),
    module=__name__,
    namespace={"__doc__": "Counts of all time, and what was taken. Each kind of ledger event has its own."},
    frozen=True,
)


class Hole(Answer, frozen=True):
    """Ledger numbers that a device skipped so far: vends still to come, or lost on the device."""

    device: str
    epoch: int
    missing: Annotated[list[Numbers], Meta(description="The first hundred.")]


class Lost(Answer, frozen=True):
    """What was given up: holes, the numbers in them, epochs of devices; and when the last of them was."""

    holes: Count
    numbers: Count
    epochs: Count
    at: Instant | None


class MachineDayFigures(Answer, frozen=True):
    """A machine's sales of a business day, and how they came to be."""

    date: Day
    figures: Annotated[dict[str, Any], Meta(description="Counts, revenue, and breakdowns of the day.")]
    version: Annotated[int, Meta(ge=1, description="More than 1 once the figures were corrected.")]
    computed_at: Instant
    late_units: Annotated[int, Meta(description="Units that came after the day closed.")]
    closed: Annotated[Closed | None, Meta(description="How it stood two hours after its end.")]


class Machine(MachineWhole, frozen=True, kw_only=True):
    """One machine: what it is, holds, sold, and how it is."""

    machine_id: str
    condition: MachineCondition
    totals: Totals
    last: Annotated[dict[str, Instant], Meta(description="Kind of ledger event → when it happened last.")]
    holes: list[Hole]
    lost: Lost
    day: Annotated[MachineDayFigures | None, Meta(description="Null until a sale of it was rolled up.")]
    alerts: list[Alert]


class SaleLine(Answer, frozen=True):
    """A vend or a failed vend, with the facts that its event had. Money is in minor units."""

    kind: str
    at: Instant
    time_quality: Annotated[Quality, Meta(description="What the time is worth.")]
    device: str
    epoch: int
    ledger: Annotated[int, Meta(description="Its number in the device's ledger.")]


def _facts() -> list[Any]:
    known = get_type_hints(Line, include_extras=False)
    return [(name, known.get(name, Any) | UnsetType, UNSET) for name in FACTS]


Sale: Any = defstruct(
    "Sale", _facts(), bases=(SaleLine,), module=__name__, namespace={"__doc__": SaleLine.__doc__},
    frozen=True, rename=None,
)  # fmt: skip


class Sales(Answer, frozen=True):
    """A machine's sales with from ≤ time < to, newest first."""

    machine_id: str
    since: Instant = field(name="from")
    until: Instant = field(name="to")
    sales: list[Sale]
    truncated: Annotated[bool, Meta(description="There are more; ask for a shorter time.")]
