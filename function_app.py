"""Vendstream on Azure Functions: the app is its blueprints."""

import azure.functions as func

from blueprints import (
    alert_reads,
    alerts,
    api,
    archive,
    attending,
    audits,
    catalog,
    commands,
    dashboard,
    docs,
    due_commands,
    health,
    ingest,
    machines,
    openapi,
    operating,
    operations,
    options,
    photos,
    reports,
    rollups,
    sums,
    uploads,
    visits,
)
from vending import wiring

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

for blueprint in (
    *(ingest, archive, rollups, alerts, reports, uploads, photos, api),
    *(alert_reads, attending, audits, catalog, commands, due_commands, machines, operating),
    *(operations, sums, visits, dashboard, health, openapi, docs, options),
):
    app.register_functions(blueprint.bp)
wiring.quick_decoding()
