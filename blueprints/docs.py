"""The page that shows the OpenAPI document to people. The document is what it shows; it holds no data."""

import azure.functions as func

from blueprints.answers import page
from blueprints.files import DOCS_POLICY, files
from blueprints.routes import Route, route
from vending.access.roles import Role

bp = func.Blueprint()


@route(bp, "get_docs", Route("GET", "docs", Role.ANYBODY, media=("text/html",)))
async def get_docs(req: func.HttpRequest) -> func.HttpResponse:
    """The page."""
    return page(req, *files()["docs.html"], policy=DOCS_POLICY)
