"""Answers about machines: the list, one machine, its sales."""

from typing import Annotated, Any, get_type_hints

from msgspec import UNSET, Meta, UnsetType, defstruct, field

from vending.answer import Answer, Count, Day, Instant, Revenue
from vending.documents.days import Closed
from vending.documents.pages import Line
from vending.events.event_types import LEDGER
from vending.time import Quality
from vending.views.answers.alerts import Alert
from vending.views.answers.conditions import Fault, MachineCondition, State, Temperature

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


class Slot(Answer, frozen=True):
    """A selection of the machine, of its planogram, or of both; null is what nobody stated."""

    selection: str
    on_hand: Annotated[int | None, Meta(description="Units.")]
    capacity: Annotated[int | None, Meta(description="As the machine states it, else as the planogram does.")]
    sku: Annotated[str | None, Meta(description="From here on: by the planogram of this moment.")] = None
    product: str | None = None
    price_minor: int | None = None
    currency: str | None = None
    par: int | None = None


class Owed(Answer, frozen=True):
    """A vend that was paid for and gave nothing out."""

    at: Instant
    selection: str
    minor: Annotated[int, Meta(description="Minor units; 0 where nobody said how many.")]
    currency: str


class Cash(Answer, frozen=True):
    """The money in a machine, as far as its events tell."""

    since: Annotated[Instant | None, Meta(description="The last collection; null: since it is known.")]
    taken: Annotated[dict[str, int], Meta(description="What buyers paid in cash since, by currency.")]
    owed: Annotated[list[Owed], Meta(description="The newest four.")]


class Gap(Answer, frozen=True):
    """Ledger numbers that are missing."""

    device: str
    epoch: int
    first: int
    last: int
    since: Annotated[Instant, Meta(description="When the hub showed it.")]


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


class MachineRow(Answer, frozen=True, kw_only=True):
    """A machine in the list; fields that nobody reported are null."""

    machine_id: str
    name: Annotated[str, Meta(description="As the catalog calls it, else its id.")]
    site: str | None
    site_name: str | None
    route: str | None
    state: State
    last_seen: Instant | None
    temperatures: list[Temperature]
    faults: list[Fault]
    door_open: bool | None
    power: str | None
    sold_out: Annotated[list[str], Meta(description="Selections that hold nothing.")]
    on_hand: Annotated[int, Meta(description="Units in the slots of which level and capacity are known.")]
    capacity: Annotated[int, Meta(description="Units that the same slots take.")]
    totals: Totals
    last_vend: Instant | None
    missing_ledger_numbers: Annotated[int, Meta(ge=0, description="Numbered, and not arrived so far.")]
    lost_ledger_numbers: Annotated[int, Meta(ge=0, description="Given up.")]
    alerts: Annotated[int, Meta(ge=0, description="How many are open.")]
    rules: Annotated[list[str], Meta(description="Of the open alerts.")]
    defective: (
        Annotated[bool, Meta(description="The stock document is malformed; what is said of it is nothing.")]
        | UnsetType
    ) = UNSET


class MachineList(Answer, frozen=True):
    """A page of the fleet."""

    machines: list[MachineRow]
    next: Annotated[str | None, Meta(description="`after` of the next page; null on the last one.")]
    total: Annotated[int, Meta(ge=0, description="How many match, on all pages.")]


class MachineDayFigures(Answer, frozen=True):
    """A machine's sales of a business day, and how they came to be."""

    date: Day
    figures: Annotated[dict[str, Any], Meta(description="Counts, revenue, and breakdowns of the day.")]
    version: Annotated[int, Meta(ge=1, description="More than 1 once the figures were corrected.")]
    computed_at: Instant
    late_units: Annotated[int, Meta(description="Units that came after the day closed.")]
    closed: Annotated[Closed | None, Meta(description="How it stood two hours after its end.")]


class MachineWhole(Answer, frozen=True, kw_only=True):
    """What a machine is by the catalog, and what it holds."""

    name: Annotated[str, Meta(description="As the catalog calls it, else its id.")]
    site: str | None
    site_name: str | None
    route: str | None
    time_zone: str
    slots: list[Slot]
    cash: Cash
    gaps: Annotated[list[Gap], Meta(description="The newest eight.")]
    missing_ledger_numbers: Annotated[int, Meta(ge=0, description="Numbered, and not arrived so far.")]


class Machine(MachineWhole, frozen=True, kw_only=True):
    """One machine: what it holds, sold, and how it is."""

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
