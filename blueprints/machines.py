"""The HTTP API: lists of machines, sites, routes and sold-out selections, and the pick list of a route."""

from datetime import UTC, datetime

import azure.functions as func

from blueprints.lists import Table, list_route, listed
from blueprints.questions import asked
from blueprints.questions_machines import (
    MachinesAsked,
    PickListAsked,
    RoutesAsked,
    SitesAsked,
    StockOutsAsked,
)
from blueprints.routes import route
from vending import wiring
from vending.views.answers.machines import MachineList, MachineRow
from vending.views.machine_list import machine_list
from vending.views.place_lists import RouteList, RouteRow, SiteList, SiteRow, route_list, site_list
from vending.views.route_picklist import PickRow, RoutePickList, route_picklist
from vending.views.stockouts import StockOut, StockOuts, stockouts

bp = func.Blueprint()
MACHINES = Table[MachineList](MachineRow, lambda found: found.machines, "machines")
SITES = Table[SiteList](SiteRow, lambda found: found.sites, "sites")
ROUTES = Table[RouteList](RouteRow, lambda found: found.routes, "routes")
STOCKOUTS = Table[StockOuts](StockOut, lambda found: found.stockouts, "stockouts")


@route(bp, "get_machines", list_route("api/v1/machines", MachinesAsked, MachineList))
async def get_machines(req: func.HttpRequest) -> func.HttpResponse:
    """A page of the fleet."""

    async def view() -> MachineList:
        query = asked(req.params, MachinesAsked).query()
        return await machine_list(wiring.view_stores(), query, datetime.now(UTC))

    return await listed(req, view, MACHINES)


@route(bp, "get_sites", list_route("api/v1/sites", SitesAsked, SiteList))
async def get_sites(req: func.HttpRequest) -> func.HttpResponse:
    """A page of the sites of the catalog."""

    async def view() -> SiteList:
        query = asked(req.params, SitesAsked).query()
        return await site_list(wiring.view_stores(), query, datetime.now(UTC))

    return await listed(req, view, SITES)


@route(bp, "get_routes", list_route("api/v1/routes", RoutesAsked, RouteList))
async def get_routes(req: func.HttpRequest) -> func.HttpResponse:
    """A page of the routes of the catalog."""

    async def view() -> RouteList:
        query = asked(req.params, RoutesAsked).query()
        return await route_list(wiring.view_stores(), query, datetime.now(UTC))

    return await listed(req, view, ROUTES)


@route(
    bp,
    "get_route_picklist",
    list_route("api/v1/routes/{routeId}/picklist", PickListAsked, RoutePickList, 404),
)
async def get_route_picklist(req: func.HttpRequest) -> func.HttpResponse:
    """What to take along to a route's machines."""
    name, zone = req.route_params["routeId"], wiring.settings().default_time_zone
    table = Table[RoutePickList](PickRow, lambda found: found.picks, f"picklist-{name}")

    async def view() -> RoutePickList | None:
        visit = asked(req.params, PickListAsked).visit(datetime.now(UTC))
        return await route_picklist(wiring.view_stores(), name, visit, zone)

    return await listed(req, view, table, missing=f"No site of the catalog is on route {name!r}.")


@route(bp, "get_stockouts", list_route("api/v1/stockouts", StockOutsAsked, StockOuts))
async def get_stockouts(req: func.HttpRequest) -> func.HttpResponse:
    """Every selection that is sold out, the longest first."""
    zone = wiring.settings().default_time_zone

    async def view() -> StockOuts:
        query = asked(req.params, StockOutsAsked).query()
        return await stockouts(wiring.view_stores(), query, zone, datetime.now(UTC))

    return await listed(req, view, STOCKOUTS)
