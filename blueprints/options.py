"""OPTIONS of the API: which verbs an address has, and what pages of other origins may do there."""

import re

import azure.functions as func

from blueprints.answers import problem
from blueprints.cors import preflight
from blueprints.routes import ROUTES, Route, route
from vending.access.roles import Role

bp = func.Blueprint()


@route(bp, "options_api", Route("OPTIONS", "api/{*path}", Role.ANYBODY, status=204, problems=(404,)))
async def options_api(req: func.HttpRequest) -> func.HttpResponse:
    """The verbs of an address. A browser asks so, without a key, before a page of another origin does."""
    methods = verbs(f"api/{req.route_params.get('path', '')}")
    if not methods:
        return problem(404, "Not Found", "The API has no such address.")
    headers = preflight(methods) | {"Cache-Control": "no-store"}
    return func.HttpResponse(status_code=204, headers=headers)


def verbs(path: str) -> list[str]:
    """Of the routes at an address, in order; none where there is no route."""
    of_the_api = [one for one in ROUTES.values() if one.path.startswith("api/") and one.method != "OPTIONS"]
    fitting = [one for one in of_the_api if fits(one.path, path)]
    found = {verb for one in fitting for verb in one.methods}
    return sorted(found | {"OPTIONS"}) if found else []


def fits(template: str, path: str) -> bool:
    """Whether a path is one of a route: names in braces stand for a part each, letters match in any case."""
    parts = [".+" if "{" in part else re.escape(part) for part in template.split("/")]
    given = path.strip("/").split("/")
    return len(parts) == len(given) and all(
        re.fullmatch(part, one, re.IGNORECASE) for part, one in zip(parts, given, strict=True)
    )
