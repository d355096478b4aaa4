"""Answers about what a machine is by the catalog, and what it holds."""

from typing import Annotated

from msgspec import Meta

from vending.answer import Answer, Instant, Revenue


class SlotView(Answer, frozen=True, kw_only=True):
    """A selection of the machine, of its planogram, or of both."""

    selection: str
    on_hand: Annotated[int | None, Meta(description="Units; null where nobody ever counted them.")]
    capacity: Annotated[int | None, Meta(description="As the machine states it, else as the planogram does.")]
    sku: str | None
    product: str | None
    price_minor: int | None
    currency: str | None
    par: int | None


class Owed(Answer, frozen=True):
    """A vend that was paid for and gave nothing out. ``minor`` is 0 where nobody said how much was paid."""

    at: Instant
    selection: str
    minor: int
    currency: str


class Cash(Answer, frozen=True):
    """The money in the machine, as far as its events tell."""

    since: Annotated[Instant | None, Meta(description="The last collection; null: since it is known.")]
    taken: Annotated[Revenue, Meta(description="What buyers paid in cash since, by currency.")]
    owed: list[Owed]


class Gap(Answer, frozen=True):
    """Ledger numbers that are missing, and since when one knows it (the hub's clock)."""

    device: str
    epoch: int
    first: int
    last: int
    since: Instant


class MachineWhole(Answer, frozen=True, kw_only=True):
    """What an answer about one machine says beside its sales, condition and alerts."""

    name: str
    site: str | None
    site_name: str | None
    route: str | None
    time_zone: str
    slots: list[SlotView]
    cash: Cash
    gaps: list[Gap]
    missing_ledger_numbers: int
