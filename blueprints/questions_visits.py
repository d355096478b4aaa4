"""Query parameters of visits: their names, types and bounds."""

from typing import Annotated

from msgspec import Meta, Struct

from blueprints.questions import Day, Name
from vending.events.fields import END
from vending.views.visits import COLLECTION_CURSOR, CURSOR, VisitQuery

PageSize = Annotated[int, Meta(ge=1, le=100)]


class VisitsAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of a machine's visits."""

    limit: PageSize = 20
    after: Annotated[str, Meta(pattern=rf"^({CURSOR})?{END}")] = ""

    def query(self) -> VisitQuery:
        """As the view takes it."""
        return VisitQuery(self.limit, self.after)


class CollectionsAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of a machine's collections."""

    limit: PageSize = 20
    after: Annotated[str, Meta(pattern=rf"^({COLLECTION_CURSOR})?{END}")] = ""

    def query(self) -> VisitQuery:
        """As the view takes it."""
        return VisitQuery(self.limit, self.after)


class RouteVisitsAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of a route's visits on a day."""

    route: Annotated[Name, Meta(examples=["route-01"])]
    day: Annotated[Day, Meta(examples=["2026-03-02"])]
