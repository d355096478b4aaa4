"""The HTTP API: sums over business days."""

from datetime import UTC, datetime

import azure.functions as func

from blueprints.lists import Table, list_route, listed
from blueprints.questions import Faulty, asked
from blueprints.questions_sums import DaysAsked
from blueprints.routes import route
from vending import wiring
from vending.views.day_ranges import TooMuch
from vending.views.days import DaySums, days
from vending.views.sums import SumRow

bp = func.Blueprint()
TABLE = Table[DaySums](SumRow, lambda found: found.rows, "days")


@route(bp, "get_days", list_route("api/v1/days", DaysAsked, DaySums, 404))
async def get_days(req: func.HttpRequest) -> func.HttpResponse:
    """Sales of a range of business days, broken down, beside the range before it."""

    async def view() -> DaySums | None:
        query, zone = asked(req.params, DaysAsked).query(), wiring.settings().default_time_zone
        try:
            return await days(wiring.view_stores(), wiring.day_figures(), query, zone, datetime.now(UTC))
        except TooMuch as fault:
            raise Faulty(str(fault)) from fault

    return await listed(req, view, TABLE, missing="Nobody knows that site, route or machine.")
