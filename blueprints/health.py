"""Health of the app, for monitors."""

import azure.functions as func
import msgspec

from vending import wiring
from vending.usecases.views_health import health

bp = func.Blueprint()


@bp.function_name("get_health")
@bp.route("api/health", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
async def get_health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - the trigger's binding
    """200 when every store answers, else 503; either way the body of a GET says which do.

    HEAD is declared because uptime checks use it, and what is not declared is 404 on the platform.
    """
    found = await health(wiring.health_probes(), wiring.version(), wiring.decoder())
    return func.HttpResponse(
        msgspec.json.encode(found),
        status_code=200 if found["status"] == "ok" else 503,
        mimetype="application/json",
        headers={"Cache-Control": "no-store"},
    )
