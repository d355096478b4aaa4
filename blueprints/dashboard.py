"""The dashboard: a page and its files. The data come from the API, with the host key if one is needed."""

import azure.functions as func

from blueprints.answers import body_refused, page, problem
from blueprints.files import files
from blueprints.routes import Route, route
from vending.access.roles import Role

bp = func.Blueprint()


@route(bp, "get_home", Route("GET", "{ignored:maxlength(0)?}", Role.ANYBODY, media=("text/html",)))
async def get_home(req: func.HttpRequest) -> func.HttpResponse:
    """The root leads to the dashboard. The query is dropped: it may be a key, and an answer
    is no place for one; the page asks for it."""
    headers = {"Location": "/dashboard", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return body_refused(req) or func.HttpResponse(status_code=302, headers=headers)


@route(bp, "get_dashboard", Route("GET", "dashboard", Role.ANYBODY, media=("text/html",)))
async def get_dashboard(req: func.HttpRequest) -> func.HttpResponse:
    """The page."""
    return page(req, *files()["dashboard.html"])


@route(bp, "get_dashboard_file", Route("GET", "dashboard/static/{name}", Role.ANYBODY, media=("text/html",)))
async def get_dashboard_file(req: func.HttpRequest) -> func.HttpResponse:
    """One of the page's files, by its exact name: no path is ever made from a request."""
    name = req.route_params["name"]
    if name not in files():
        return body_refused(req) or problem(404, "Not Found", f"The dashboard has no file {name!r}.")
    return page(req, *files()[name])
