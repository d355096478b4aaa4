"""The catalog for who keeps it, and who changed what."""

from typing import cast

import azure.functions as func

from blueprints.answers import answer
from blueprints.questions import asked
from blueprints.questions_writes import AuditAsked, ChangeAsked, EntriesAsked
from blueprints.routes import Route, route
from blueprints.versioned import versioned
from blueprints.writing import WRITES, body_of, condition, unkept, write, written
from vending import wiring
from vending.access.roles import Role
from vending.views import audit, catalog_reads
from vending.views.audit import AuditPage
from vending.views.catalog_reads import KINDS, CatalogPage, CatalogRead, CatalogState, Kind
from vending.writes.catalog_entries import CatalogFile
from vending.writes.change_catalog import CatalogChanged, ChangeCatalog
from vending.writes.request import Answer, IfMatch

bp = func.Blueprint()
LARGEST_CHANGE = 1024 * 1024
"""Bytes: what the platform lets in."""
ENTRIES = "api/v1/catalog/entries/{kind}"
NO_KIND = f"The kinds of entries are {', '.join(KINDS)}."


@route(bp, "get_catalog", Route("GET", "api/v1/catalog", Role.ADMIN, gives=CatalogState))
async def get_catalog(req: func.HttpRequest) -> func.HttpResponse:
    """The catalog's version."""
    return await versioned(req, lambda: catalog_reads.catalog_state(wiring.catalog()))


@route(
    bp,
    "get_catalog_entries",
    Route("GET", ENTRIES, Role.ADMIN, asks=EntriesAsked, gives=CatalogPage, problems=(404,)),
)
async def get_catalog_entries(req: func.HttpRequest) -> func.HttpResponse:
    """Entries of a kind."""
    kind = req.route_params["kind"]

    async def page() -> CatalogPage | None:
        wanted = asked(req.params, EntriesAsked)
        if kind not in KINDS:
            return None
        known = cast("Kind", kind)
        return await catalog_reads.catalog_page(wiring.catalog(), known, wanted.limit, wanted.after)

    return await answer(req, page, missing=NO_KIND)


@route(
    bp,
    "get_catalog_entry",
    Route("GET", f"{ENTRIES}/{{id}}", Role.ADMIN, gives=CatalogRead, problems=(404,)),
)
async def get_catalog_entry(req: func.HttpRequest) -> func.HttpResponse:
    """One entry."""
    kind, name = req.route_params["kind"], req.route_params["id"]

    async def entry() -> tuple[CatalogRead, str] | None:
        if kind not in KINDS:
            return None
        return await catalog_reads.catalog_entry(wiring.catalog(), cast("Kind", kind), name)

    return await versioned(req, entry, missing=f"The catalog has no {name!r} among its {kind}. {NO_KIND}")


@route(
    bp,
    "post_catalog_changes",
    Route(
        "POST",
        "api/v1/catalog/changes",
        Role.ADMIN,
        asks=ChangeAsked,
        takes=CatalogFile,
        gives=CatalogChanged,
        problems=WRITES,
    ),
)
async def post_catalog_changes(req: func.HttpRequest) -> func.HttpResponse:
    """Entries that add to the catalog, or change it."""

    async def changed() -> Answer:
        wanted, file = asked(req.params, ChangeAsked), body_of(req, CatalogFile, LARGEST_CHANGE)
        free = wanted.dry_run and not req.headers.get("if-match")
        known = IfMatch() if free else condition(req)
        plan = ChangeCatalog(wiring.catalog(), file, known, wanted.take_over)
        if wanted.dry_run:
            return await plan.foreseen(unkept(req))
        return await write(req, "catalog change", "catalog", plan)

    return await written(req, changed, ChangeAsked)


@route(bp, "get_audit", Route("GET", "api/v1/audit", Role.ADMIN, asks=AuditAsked, gives=AuditPage))
async def get_audit(req: func.HttpRequest) -> func.HttpResponse:
    """Who changed what on a day, newest first."""

    async def page() -> AuditPage:
        wanted = asked(req.params, AuditAsked)
        return await audit.audit_page(wiring.writes(), wanted.iso(), wanted.limit, wanted.after)

    return await answer(req, page)
