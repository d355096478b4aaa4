"""Vendstream on Azure Functions: the app is its blueprints."""

import azure.functions as func

from blueprints import (
    alerts,
    api,
    archive,
    dashboard,
    docs,
    health,
    ingest,
    machines,
    openapi,
    options,
    photos,
    reports,
    rollups,
    uploads,
)
from vending import wiring

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

for blueprint in (
    *(ingest, archive, rollups, alerts, reports, uploads, photos, api, machines, dashboard, health),
    *(openapi, docs, options),
):
    app.register_functions(blueprint.bp)
wiring.quick_decoding()
