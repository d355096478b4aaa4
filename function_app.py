"""Vendstream on Azure Functions: the app is its blueprints."""

import azure.functions as func

from blueprints import (
    alerts,
    api,
    archive,
    attending,
    audits,
    catalog,
    dashboard,
    docs,
    health,
    ingest,
    openapi,
    operating,
    options,
    photos,
    reports,
    rollups,
    uploads,
    visits,
)
from vending import wiring

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

for blueprint in (
    *(ingest, archive, rollups, alerts, reports, uploads, photos, api),
    *(attending, audits, catalog, operating, visits, dashboard, health, openapi),
    *(docs, options),
):
    app.register_functions(blueprint.bp)
wiring.quick_decoding()
