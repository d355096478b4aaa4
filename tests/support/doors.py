"""One route of each role, beside those of the app: so that every cell of who may do what has a route."""

import azure.functions as func
import msgspec

from blueprints.callers import caller
from blueprints.routes import Route, route
from vending.access.roles import Role

DOORS = {
    f"door_{role.name.lower()}": Route("POST", f"doors/{role.name.lower()}/{{machineId}}", role)
    for role in Role
}


def blueprint() -> func.Blueprint:
    """Doors that answer who they took the caller for."""
    bp = func.Blueprint()
    for name, declared in DOORS.items():

        async def opened(req: func.HttpRequest) -> func.HttpResponse:
            who = caller(req)
            return func.HttpResponse(msgspec.json.encode({"name": who.name, "roles": sorted(who.roles)}))

        route(bp, name, declared)(opened)
    return bp
