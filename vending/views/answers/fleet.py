"""The answer about the whole fleet."""

from typing import Annotated

from msgspec import Meta

from vending.answer import Answer, Count, Day, Instant, Revenue
from vending.views.answers.alerts import AlertCounts

Free = Annotated[int, Meta(ge=0, description="Vends that were given away.")]
Tests = Annotated[int, Meta(ge=0, description="Vends of a test; in no other figure.")]
Failures = Annotated[int, Meta(ge=0, description="Vends that gave nothing out.")]


class Sold(Answer, frozen=True):
    """What was sold."""

    vends: Count
    units: Count
    free: Free
    test: Tests
    failures: Failures
    revenue: Revenue


class Hour(Answer, frozen=True):
    """What was sold in an hour of the local clock."""

    hour: Annotated[str, Meta(description="`00` to `23`; `02b` when the clock shows it again; `$other`.")]
    vends: Count
    units: Count
    free: Free
    test: Tests
    failures: Failures
    revenue: Revenue


class FleetDay(Answer, frozen=True):
    """What was sold on a day, summed over the local days of all sites."""

    date: Day
    vends: Count
    units: Count
    free: Free
    test: Tests
    failures: Failures
    revenue: Revenue
    computed_at: Annotated[Instant | None, Meta(description="Null where nothing was sold.")]


class ProductSold(Answer, frozen=True):
    """A product of the day's best."""

    sku: str
    units: Count
    revenue: Revenue
    name: str


class CategorySold(Answer, frozen=True):
    """A category of today's catalog."""

    category: Annotated[str, Meta(description="`$other`: products that are not told apart.")]
    units: Count
    revenue: Revenue


class FleetSales(Answer, frozen=True):
    """What the rollups say of a day and of the week before."""

    day: FleetDay
    hours: list[Hour]
    days: Annotated[list[FleetDay], Meta(description="The week before and the day itself.")]
    top_products: list[ProductSold]
    other_products: Annotated[Sold | None, Meta(description="Of products that are not told apart.")]
    categories: list[CategorySold]
    defective: int


class FleetStates(Answer, frozen=True):
    """How many machines there are, and how they are."""

    total: Count
    online: Count
    silent: Count
    imported: Count
    never: Count
    faulty: Count
    newest_event: Annotated[Instant | None, Meta(description="How fresh all this is.")]


class ShardBehind(Answer, frozen=True):
    """A shard of the rollups that stands."""

    shard: int
    since: Annotated[Instant, Meta(description="Of the oldest change that it has still to read.")]


class FleetSummary(Answer, frozen=True):
    """The fleet now, its sales of a day, and the days before."""

    date: Day
    time_zone: Annotated[str, Meta(description="IANA name.", examples=["Europe/Berlin"])]
    machines: FleetStates
    alerts: AlertCounts
    day: FleetDay
    hours: list[Hour]
    days: Annotated[list[FleetDay], Meta(description="The week before and the day itself.")]
    top_products: list[ProductSold]
    other_products: Annotated[Sold | None, Meta(description="Of products that are not told apart.")]
    categories: list[CategorySold]
    defective: Annotated[
        int, Meta(ge=0, description="Machine days, shards and documents that are not counted here.")
    ]
    shards_behind: list[ShardBehind]
