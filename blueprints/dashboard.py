"""The dashboard: a page and its files. The data come from the API, with the host key if one is needed."""

import azure.functions as func

from blueprints.answers import body_refused, page, problem
from blueprints.files import files

bp = func.Blueprint()


@bp.function_name("get_home")
@bp.route("{ignored:maxlength(0)?}", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
async def get_home(req: func.HttpRequest) -> func.HttpResponse:
    """The root leads to the dashboard. The query is dropped: it may be a key, and an answer
    is no place for one; the page asks for it."""
    headers = {"Location": "/dashboard", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return body_refused(req) or func.HttpResponse(status_code=302, headers=headers)


@bp.function_name("get_dashboard")
@bp.route("dashboard", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
async def get_dashboard(req: func.HttpRequest) -> func.HttpResponse:
    """The page."""
    return page(req, *files()["dashboard.html"])


@bp.function_name("get_dashboard_file")
@bp.route("dashboard/static/{name}", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
async def get_dashboard_file(req: func.HttpRequest) -> func.HttpResponse:
    """One of the page's files, by its exact name: no path is ever made from a request."""
    name = req.route_params["name"]
    if name not in files():
        return body_refused(req) or problem(404, "Not Found", f"The dashboard has no file {name!r}.")
    return page(req, *files()[name])
