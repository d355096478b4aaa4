"""Health of the app, for monitors."""

from datetime import UTC, datetime

import azure.functions as func
import msgspec

from blueprints.answers import body_refused
from blueprints.files import NOSNIFF
from blueprints.routes import Route, route
from vending import wiring
from vending.access.roles import Role
from vending.views.answers.health import Health
from vending.views.health import About, health

bp = func.Blueprint()


@route(bp, "get_health", Route("GET", "api/health", Role.ANYBODY, gives=Health, alike=(503,)))
async def get_health(req: func.HttpRequest) -> func.HttpResponse:
    """Whether every store answers and every setting is right. 503 where not; either way the body of a GET
    says what is wrong. Looked at once in five seconds, however many ask."""
    if refused := body_refused(req):
        return refused
    found = await wiring.recent_health().get("health", datetime.now(UTC), _look)
    return func.HttpResponse(
        msgspec.json.encode(found),
        status_code=503 if found.status == "unavailable" else 200,
        mimetype="application/json",
        headers={"Cache-Control": "no-store", **NOSNIFF},
    )


async def _look() -> Health:
    about = About(wiring.version(), wiring.decoder(), wiring.settings_fault())
    return await health(wiring.health_probes(), wiring.troubles, about)
