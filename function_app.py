"""Vendstream on Azure Functions: the app is its blueprints."""

import azure.functions as func

from blueprints import (
    alerts,
    api,
    archive,
    audits,
    dashboard,
    health,
    ingest,
    photos,
    reports,
    rollups,
    uploads,
)
from vending import wiring

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

for blueprint in (ingest, archive, rollups, alerts, reports, uploads, photos, audits, api, dashboard, health):
    app.register_functions(blueprint.bp)
wiring.quick_decoding()
