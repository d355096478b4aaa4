"""Query parameters of the lists of machines, sites, routes and sold-out selections, and of pick lists."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from blueprints.questions import Limit
from vending.alerts import rules
from vending.events.envelope import Identifier
from vending.events.fields import END
from vending.views.answers.conditions import State
from vending.views.machine_list import MachineQuery, Sort, place_of
from vending.views.paging import LONGEST
from vending.views.picklist import Visit
from vending.views.place_lists import PlaceQuery
from vending.views.route_picklist import MOST
from vending.views.stockouts import ORDER, StockOutQuery

Words = Annotated[str, Meta(max_length=120, description="Words; each stands somewhere in a name or an id.")]
Cursor = Annotated[str, Meta(max_length=LONGEST, description="The `next` of the page before.")]
Id = Annotated[str, Meta(pattern=rf"^({Identifier})?{END}", description="The `next` of the page before.")]
Of = Annotated[str, Meta(pattern=rf"^{Identifier}{END}")]
"""A site or a route, by its id."""
RULES = sorted(rule.name for rule in rules.every())
Rule = Annotated[str, Meta(extra_json_schema={"enum": RULES})]


class MachinesAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the list of machines."""

    limit: Limit = 100
    after: Cursor = ""
    q: Words = ""
    site: Of | None = None
    route: Of | None = None
    state: State | None = None
    rule: Rule | None = None
    placed: bool = False
    sort: Sort = "id"

    def __post_init__(self) -> None:
        place_of(self.sort, self.after)

    def query(self) -> MachineQuery:
        """As the view takes it."""
        after = place_of(self.sort, self.after)
        which = self.site, self.route, self.state, self.rule, self.placed
        return MachineQuery(self.limit, after, words(self.q), *which, self.sort)


class RoutesAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the list of routes."""

    limit: Limit = 100
    after: Id = ""
    q: Words = ""

    def query(self) -> PlaceQuery:
        """As the view takes it."""
        return PlaceQuery(self.limit, self.after, words(self.q))


class SitesAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the list of sites."""

    limit: Limit = 100
    after: Id = ""
    q: Words = ""
    route: Of | None = None

    def query(self) -> PlaceQuery:
        """As the view takes it."""
        return PlaceQuery(self.limit, self.after, words(self.q), self.route)


class StockOutsAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the stock-out board."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    after: Cursor = ""
    site: Of | None = None
    route: Of | None = None

    def __post_init__(self) -> None:
        if self.after:
            ORDER.placed(self.after)

    def query(self) -> StockOutQuery:
        """As the view takes it."""
        after = ORDER.placed(self.after) if self.after else None
        return StockOutQuery(self.limit, after, self.site, self.route)


class PickListAsked(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Of a route's pick list."""

    in_days: Annotated[float, Meta(ge=0, le=30, description="Days until the visit.")] = 1.0
    window: Annotated[int, Meta(ge=1, le=28, description="Full days whose sales are expected again.")] = 14

    def visit(self, now: datetime) -> Visit:
        """As the view takes it."""
        return Visit(now, self.in_days, self.window, MOST)


def words(text: str) -> tuple[str, ...]:
    """What is searched for; letter case is no difference."""
    return tuple(text.casefold().split())
