"""A catalog file into the deployment's catalog, and what to say of it."""

from typing import Any

from vending import wiring
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import Imported, import_catalog


def explain(done: Imported) -> str:
    """What was done, for people."""
    what = ", ".join(f"{count} {kind}" for kind, count in done.written.items()) or "nothing new"
    lines = [f"catalog version {done.version}: {what}; {done.unchanged} entries were there already"]
    if done.unknown_skus:
        some = ", ".join(done.unknown_skus[:5])
        lines.append(f"{len(done.unknown_skus)} SKUs of planograms are no products (yet): {some}")
    return "\n".join(lines)


def figures(done: Imported) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "version": done.version,
        "written": done.written,
        "unchanged": done.unchanged,
        "unknownSkus": done.unknown_skus,
    }


async def run(file: CatalogFile, take_over: bool) -> Imported:
    """Import into the deployment that is wired."""
    return await import_catalog(file, wiring.catalog(), take_over)
