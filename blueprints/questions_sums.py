"""Query parameters of sums over business days."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from blueprints.questions import Day, Limit, Name
from vending.views.day_figures import FLEET, Scope
from vending.views.days import BELOW, SumQuery
from vending.views.sums import By

LONGEST = timedelta(days=92)
"""A quarter of a year."""


class DaysAsked(Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}):
    """Of sums over days."""

    since: Annotated[Day | None, Meta(description="The first business day.")] = None
    until: Annotated[Day | None, Meta(description="The last one, included.")] = None
    by: By = "day"
    site: Name | None = None
    route: Name | None = None
    machine: Name | None = None
    limit: Limit = 100

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None:
            if self.until < self.since:
                raise ValueError("'to' must not be before 'from'")
            if self.until - self.since >= LONGEST:
                raise ValueError(f"'from' to 'to' are {LONGEST.days} days at most")
        if sum(name is not None for name in (self.site, self.route, self.machine)) > 1:
            raise ValueError("'site', 'route' and 'machine' exclude each other")
        if self.by in BELOW and self.scope.kind not in BELOW[self.by]:
            whose = " and a ".join(BELOW[self.by]).replace("fleet", "the fleet", 1)
            raise ValueError(f"sums by {self.by!r} are of {whose}")

    @property
    def scope(self) -> Scope:
        """Whose sums."""
        if self.site is not None:
            return Scope("site", self.site)
        if self.route is not None:
            return Scope("route", self.route)
        return FLEET if self.machine is None else Scope("machine", self.machine)

    def query(self) -> SumQuery:
        """As the view takes it."""
        first, last = (None if day is None else day.isoformat() for day in (self.since, self.until))
        return SumQuery(self.by, self.scope, first, last, self.limit)
