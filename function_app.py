"""Vendstream on Azure Functions: the app is its blueprints."""

import azure.functions as func

from blueprints import (
    alert_reads,
    alerts,
    api,
    archive,
    dashboard,
    docs,
    health,
    ingest,
    machines,
    openapi,
    operations,
    options,
    photos,
    reports,
    rollups,
    sums,
    uploads,
)
from vending import wiring

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

for blueprint in (
    *(ingest, archive, rollups, alerts, reports, uploads, photos, api, machines, sums, alert_reads),
    *(operations, dashboard, health, openapi, docs, options),
):
    app.register_functions(blueprint.bp)
wiring.quick_decoding()
